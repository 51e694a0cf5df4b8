import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Get, JsonController } from 'routing-controllers';
import { Authorized, createOAuth2, type Logger, type OAuth2Options, Throttle } from '../../../src/public/index.js';
import { mariadbUrl } from '../../support/services.js';

const root = join(import.meta.dirname, '../../..');
const lines: string[] = [];
const logger: Logger = {
  info: (line) => lines.push(line),
  warn: (line) => lines.push(line),
  error: (line) => lines.push(line),
};

/** Starts an application as its author would; what it says at once, or to `ready()`. */
async function messageOf(
  options: Partial<OAuth2Options> & object,
  step: 'migrate' | 'ready' | 'serve' | 'insist',
  controllers: Function[] = [],
): Promise<string> {
  try {
    const oauth2 = createOAuth2({ database: ':memory:', logger, ...options });
    try {
      if (step === 'migrate') await oauth2.migrate();
      else if (step === 'ready') await oauth2.ready();
      else if (step === 'serve') oauth2.createKoaServer({ controllers });
      else {
        await oauth2.migrate();
        await oauth2.ready({ whenAway: 'reject' });
      }
    } finally {
      await oauth2.close();
    }
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing';
}

/** A controller with one action and these decorators on it. */
function controllerWith(...decorators: readonly ((target: object, method: string) => void)[]): Function {
  @JsonController('/usual')
  class UsualController {
    @Get('/')
    list() {
      return [];
    }
  }
  for (const decorate of decorators) decorate(UsualController.prototype, 'list');
  return UsualController;
}

describe('in the options and the decorators', () => {
  const options = { scopes: { 'books:read': 'See books' }, throttling: { policies: { uploads: '20/day' } } };

  test('[TY-4] a wrong option', async () => {
    expect(await messageOf({ scopse: {} } as never, 'serve')).toMatch(
      /^The option scopse cannot be set: there is no such option; did you mean scopes\?/,
    );
  });

  test('[TY-4] a typo in a scope', async () => {
    expect(await messageOf(options, 'serve', [controllerWith(Authorized('books:raed'))])).toContain(
      'UsualController.list (GET /usual/): requires the scope books:raed, which no option names; did you mean books:read? Correct it, or describe it in the option scopes.',
    );
  });

  test('[TY-4] a typo in a policy', async () => {
    expect(await messageOf(options, 'serve', [controllerWith(Authorized(), Throttle('uplaods'))])).toContain(
      '@Throttle on UsualController.list (GET /usual/) cannot be "uplaods": there is no such throttling policy, did you mean uploads?; declare it in throttling.policies (declared: uploads).',
    );
  });

  test('[TY-4] a forgotten @Authorized', async () => {
    expect(await messageOf(options, 'serve', [controllerWith()])).toContain(
      'UsualController.list (GET /usual/): declares no requirement: add @Authorized(...), @RequiredScopes(...) or @Public() to the method or its class, or set the option defaultRequirement.',
    );
  });

  test('[TY-4] a variable of the environment that is not set', async () => {
    expect(await messageOf({ database: process.env.NO_SUCH_DATABASE_URL }, 'serve')).toBe(
      "The option database cannot be undefined: give a URL such as 'sqlite:.data/app.sqlite' or 'mysql://…', or a knex instance; if it comes from the environment, set its variable.",
    );
  });
});

describe('in the services', () => {
  const at = (change: (url: URL) => void) => {
    const url = new URL(mariadbUrl());
    change(url);
    return url.href;
  };

  test.each(['migrate', 'ready', 'insist'] as const)('[TY-4] a database that is away (%s)', async (step) => {
    const said = await messageOf({ database: 'mysql://root@127.0.0.1:1/shop' }, step);
    if (step === 'ready')
      expect([said, lines.filter((line) => line.includes('127.0.0.1:1'))]).toEqual([
        'nothing',
        [expect.stringContaining('The database cannot be reached')],
      ]);
    else
      expect(said).toBe(
        'The database cannot be reached (connect ECONNREFUSED 127.0.0.1:1): start it, or correct the host and port in the option database.',
      );
    lines.length = 0;
  });

  test('[TY-4] a wrong database', async () => {
    const database = at((url) => {
      url.pathname = '/no_such_database';
    });
    expect(await messageOf({ database }, 'migrate')).toMatch(
      /^The database refuses this process \(.*no_such_database.*\): correct the user, the password or the name of the database in the option database\.$/,
    );
  });

  test.each(['migrate', 'ready'] as const)('[TY-4] wrong credentials (%s)', async (step) => {
    const database = at((url) => {
      url.pathname = '/shop';
      url.username = 'nobody';
      url.password = 'sesame';
    });
    const said = await messageOf({ database }, step);
    expect(said).toMatch(
      /^The database refuses this process \(Access denied for user 'nobody'.*\): correct the user, the password or the name/,
    );
    expect(said).not.toContain('sesame');
  });

  test('[TY-4] a missing migration', async () => {
    expect(await messageOf({}, 'ready')).toBe(
      'The database is not migrated: it has no tables of this package. Run npx rc-oauth2 migrate, or await oauth2.migrate() before the server listens.',
    );
  });

  test('[TY-4] Redis that is away', async () => {
    expect(await messageOf({ redis: 'redis://127.0.0.1:1' }, 'insist')).toMatch(
      /^Redis cannot be reached \(.*ECONNREFUSED 127\.0\.0\.1:1\): start it, or correct the option redis\.$/,
    );
  });
});

describe('in the project', () => {
  const folder = join(root, `node_modules/.cache/routing-controllers-oauth2/usual-mistakes-${process.pid}`);
  beforeAll(async () => {
    await mkdir(join(folder, 'node_modules'), { recursive: true });
    await symlink(root, join(folder, 'node_modules/routing-controllers-oauth2'), 'dir');
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Runs a program in the project; all that it says. */
  async function run(parameters: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    const ended = await promisify(execFile)(process.execPath, parameters, {
      cwd: folder,
      env: { ...process.env, NODE_OPTIONS: '', ...env },
    }).catch((error: { readonly stdout: string; readonly stderr: string }) => error);
    return `${ended.stdout}${ended.stderr}`;
  }

  const APPLICATION = `
    import 'reflect-metadata';
    import { Body, JsonController, Post } from 'routing-controllers';
    import { Authorized, createOAuth2 } from 'routing-controllers-oauth2';
    class Book { title = ''; }
    @JsonController()
    class BookController {
      @Authorized()
      @Post('/books')
      create(@Body() book: Book) { return book; }
    }
    const oauth2 = createOAuth2({ database: ':memory:' });
    oauth2.createKoaServer({ controllers: [BookController] });
    await oauth2.close();
    console.log('served');`;

  test('[TY-4] tsx, which emits no decorator metadata', async () => {
    await writeFile(join(folder, 'app.ts'), APPLICATION);
    await writeFile(
      join(folder, 'tsconfig.json'),
      '{ "compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true } }',
    );
    const said = await run([join(root, 'node_modules/tsx/dist/cli.mjs'), 'app.ts']);
    expect(said).toContain('served');
    expect(said).toContain(
      'BookController.create was compiled without the types of its parameters, so that bodies and parameters are neither converted nor validated: set emitDecoratorMetadata in tsconfig.json, and compile with tsc or SWC (esbuild, and so tsx and Vitest by itself, emits no decorator metadata), or name each type, as in @Body({ type: Book }).',
    );
  });

  test('[TY-4] a controller that was compiled with its types is not warned of, nor one that names them', async () => {
    await writeFile(join(folder, 'named.ts'), APPLICATION.replace('@Body()', '@Body({ type: Book })'));
    expect(await run([join(root, 'node_modules/tsx/dist/cli.mjs'), 'named.ts'])).toBe('served\n');
    await writeFile(
      join(folder, 'typed.mjs'),
      APPLICATION.replace(
        /@JsonController\(\)\n[\s\S]*?\n {4}}\n/,
        `
        class BookController { create(book) { return book; } }
        Reflect.defineMetadata('design:paramtypes', [Book], BookController.prototype, 'create');
        Body()(BookController.prototype, 'create', 0);
        Post('/books')(BookController.prototype, 'create');
        Authorized()(BookController.prototype, 'create');
        JsonController()(BookController);
      `,
      ),
    );
    expect(await run(['typed.mjs'])).toBe('served\n');
  });

  test('[TY-4] two copies of routing-controllers', async () => {
    const project = join(folder, 'two-copies');
    await mkdir(join(project, 'node_modules'), { recursive: true });
    await cp(join(root, 'node_modules/routing-controllers'), join(project, 'node_modules/routing-controllers'), {
      recursive: true,
    });
    const program = (entry: string) => `
      import 'reflect-metadata';
      import { createKoaServer, NotFoundError } from 'routing-controllers';
      import { createOAuth2 } from 'routing-controllers-oauth2';
      void NotFoundError;
      const oauth2 = createOAuth2({ database: ':memory:' });
      try { ${entry} } catch (error) { console.log(error.message); }
      await oauth2.close();`;
    for (const entry of [
      'oauth2.createKoaServer({ controllers: [] });',
      'createKoaServer({ ...oauth2.routingControllers(), controllers: [] });',
    ]) {
      await writeFile(join(project, 'app.mjs'), program(entry));
      const said = await run([join(project, 'app.mjs')]);
      expect(said).toMatch(
        /^Two copies of routing-controllers are loaded \(.*node_modules.routing-controllers and .*node_modules.routing-controllers\), and errors of one are unknown to the other\. Install one version for all: npm ls routing-controllers shows who brings them, npm dedupe or "overrides" in package\.json leaves one\.\n$/,
      );
    }
    await writeFile(join(folder, 'one-copy.mjs'), program('oauth2.createKoaServer({ controllers: [] });'));
    expect(await run([join(folder, 'one-copy.mjs')])).toBe('');
  });

  test('[TY-4] Jest in CommonJS mode', async () => {
    // Jest looks for no tests in a folder node_modules.
    const project = await mkdtemp(join(tmpdir(), 'oauth2-jest-'));
    await mkdir(join(project, 'node_modules'));
    await symlink(root, join(project, 'node_modules/routing-controllers-oauth2'), 'dir');
    await writeFile(
      join(project, 'package.json'),
      '{ "type": "commonjs", "jest": { "transform": {}, "rootDir": "." } }\n',
    );
    await writeFile(
      join(project, 'books.test.js'),
      "const { createOAuth2 } = require('routing-controllers-oauth2');\ntest('runs', () => { createOAuth2({}); });\n",
    );
    const said = await run([join(root, 'node_modules/jest/bin/jest.js'), '--rootDir', project, '--watchman=false']);
    await rm(project, { recursive: true });
    expect(said).toContain(
      "routing-controllers-oauth2 consists of ES modules, which this program cannot require(). In Jest, compile it with the tests (transformIgnorePatterns: ['/node_modules/(?!(routing-controllers-oauth2|eta)/)']), or run Jest with NODE_OPTIONS=--experimental-vm-modules and tests that are ES modules: docs/testing.md has both.",
    );
  });

  test('[TY-4] require() of each entry in Node gives what import gives', async () => {
    await writeFile(
      join(folder, 'both.cjs'),
      `
      (async () => {
        const names = Object.keys(require('routing-controllers-oauth2/package.json').exports).filter((name) => !name.endsWith('.json'));
        for (const name of names) {
          const entry = 'routing-controllers-oauth2' + name.slice(1);
          console.log(name, require(entry) === (await import(entry)) || Object.keys(require(entry)).length > 0);
        }
      })();`,
    );
    const said = await run(['--disable-warning=ExperimentalWarning', 'both.cjs']);
    expect(
      said
        .split('\n')
        .filter((line) => line.startsWith('.'))
        .every((line) => line.endsWith(' true')),
    ).toBe(true);
    expect(said).toContain('./authorization-server true');
  });

  test.each([
    ['mysql2', 'mysql://root@127.0.0.1/shop', 'mysql2'],
    ['pg', 'postgres://root@127.0.0.1/shop', 'pg'],
  ])('[TY-4] a missing peer: %s', async (_name, database, peer) => {
    const hide = join(folder, `without-${peer}.mjs`);
    await writeFile(
      hide,
      `import Module from 'node:module';
       const resolve = Module._resolveFilename;
       Module._resolveFilename = function (request, ...others) {
         if (request === '${peer}') throw Object.assign(new Error("Cannot find module '${peer}'"), { code: 'MODULE_NOT_FOUND' });
         return resolve.call(this, request, ...others);
       };
       const { createOAuth2 } = await import('routing-controllers-oauth2');
       try {
         createOAuth2({ database: '${database}' });
       } catch (error) {
         console.log(error.message);
       }`,
    );
    expect(await run([hide])).toContain(`npm install ${peer}`);
  });
});
