import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type LeashedProcess, startLeashed } from '../support/leashed-process.js';
import { freePort } from '../support/ports.js';
import { UserAgent } from '../support/user-agent.js';

const CACHE = resolve('node_modules/.cache');
const START_CAP_MILLISECONDS = 30_000;

/** A block of code on the page: its section and language, and its text. */
interface Block {
  readonly section: number;
  readonly language: string;
  readonly text: string;
}

async function readBlocks(): Promise<Block[]> {
  const page = await readFile('docs/tutorial.md', 'utf8');
  return page.split(/^## (?=\d)/m).flatMap((part, section) =>
    [...part.matchAll(/^```(\w+)\n(.*?)^```/gms)].map(([, language = '', text = '']) => ({
      section,
      language,
      text,
    })),
  );
}

/** Everything that the tutorial has its readers type, in a folder of its own, on a free port. */
describe('the tutorial', () => {
  let blocks: Block[];
  let folder: string;
  let port: number;
  let server: LeashedProcess | undefined;
  const environment = () => ({
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    DATABASE_URL: 'sqlite:books.sqlite',
    OAUTH2_ENCRYPTION_KEYS: randomBytes(32).toString('base64url'),
  });
  const run = async (file: string, parameters: readonly string[]) =>
    (await promisify(execFile)(file, parameters, { cwd: folder, env: environment() })).stdout;
  const shell = (text: string) => run('bash', ['-c', text.replaceAll(':3000', `:${port}`)]);
  const blocksOf = (section: number, language: string) =>
    blocks.filter((block) => block.section === section && block.language === language).map(({ text }) => text);

  /** Writes the files of a section, and compiles all. */
  async function write(section: number): Promise<void> {
    for (const text of blocksOf(section, 'ts')) {
      const name = /^\/\/ (src\/\S+)\n/.exec(text)?.[1];
      if (name === undefined) throw new Error(`A block of section ${section} names no file: ${text}`);
      await writeFile(join(folder, name), text.replaceAll(/\b3000\b/g, String(port)));
    }
    await run(process.execPath, [resolve('node_modules/typescript/bin/tsc')]);
  }

  async function start(): Promise<void> {
    const logFile = join(folder, 'output');
    await writeFile(logFile, '');
    const options = { env: environment(), logFile, workingFolder: folder };
    server = await startLeashed(process.execPath, ['dist/main.js'], options);
    for (const until = Date.now() + START_CAP_MILLISECONDS; Date.now() < until && server.running(); await sleep(20)) {
      if ((await readFile(logFile, 'utf8')).includes(`http://localhost:${port}/books`)) return;
    }
    throw new Error(`It does not start: ${await readFile(logFile, 'utf8')}`);
  }

  beforeAll(async () => {
    blocks = await readBlocks();
    port = await freePort();
    await mkdir(CACHE, { recursive: true });
    folder = await mkdtemp(join(CACHE, 'tutorial-'));
    await mkdir(join(folder, 'src'));
    await mkdir(join(folder, 'node_modules/.bin'), { recursive: true });
    // As if it were installed: the package itself is here, and the others are found further up.
    await symlink(resolve('.'), join(folder, 'node_modules/routing-controllers-oauth2'));
    await symlink(resolve('dist/cli/main.js'), join(folder, 'node_modules/.bin/rc-oauth2'));
    await writeFile(join(folder, 'package.json'), '{ "name": "bookstore", "type": "module" }\n');
    await writeFile(join(folder, 'tsconfig.json'), blocksOf(1, 'json').join(''));
  });
  afterAll(async () => {
    await server?.end('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  test('what it installs is what the package needs', async () => {
    const manifest = JSON.parse(await readFile('package.json', 'utf8'));
    const installed =
      blocksOf(1, 'sh')
        .join('')
        .match(/[@\w./-]+/g) ?? [];
    const optional = Object.keys(manifest.peerDependenciesMeta);
    const needed = Object.keys(manifest.peerDependencies).filter((name) => !optional.includes(name));
    expect(installed).toEqual(expect.arrayContaining([...needed, 'better-sqlite3', 'oidc-provider', 'typescript']));
  });

  test('sections 2 to 5 compile, run, and answer as it says', async () => {
    await write(2);
    await start();
    const [, calls, tokens] = blocksOf(3, 'sh') as [string, string, string];
    const answers = await shell(calls);
    expect(answers).toContain('HTTP/1.1 401');
    expect(answers).toContain('{"count":2}');
    const guarded = await shell(tokens);
    expect(guarded).toContain('{"reader":"an application","titles":["Emma","Persuasion"]}');
    expect(guarded.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 403', 'HTTP/1.1 200']);
    await server?.end('SIGKILL');

    await write(4);
    expect(await run(process.execPath, ['--test', 'dist/'])).toMatch(/^# pass 2$/m);

    await write(5);
    await start();
    const [, device, exchange] = blocksOf(5, 'sh') as [string, string, string];
    const request = JSON.parse((await shell(device)).split('\n').at(-1) as string);
    const agent = new UserAgent(`http://localhost:${port}`);
    const confirm = await agent.submit(await agent.get(request.verification_uri_complete), {});
    const login = await agent.submit(confirm, { confirm: 'yes' });
    const consent = await agent.submit(login, { username: 'ann', password: 'persuasion' });
    await agent.submit(consent, { decision: 'allow' });
    const [fetchToken = '', call = ''] = exchange.split(/^(?=curl -H)/m);
    const answer = JSON.parse(await shell(fetchToken.replace('<device_code>', request.device_code)));
    expect(JSON.parse(await shell(call.replace('<access_token>', answer.access_token)))).toMatchObject({
      reader: 'Ann Elliot',
    });
  }, 120_000);
});
