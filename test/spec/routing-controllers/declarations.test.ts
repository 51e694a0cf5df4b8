import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Authorized, createKoaServer, Get, JsonController } from 'routing-controllers';
import { ConfigurationError, type OAuth2, Public } from '../../../src/public/index.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';
import { type Chain, everyChain, KINDS, type Outcome, outcomeOf } from './declaration-chains.js';

const tables: [string, Chain[]][] = [
  ['a controller that extends a base', everyChain(2, KINDS, 'two')],
  [
    'a controller that extends a base through a class between',
    everyChain(3, ['none', 'public', 'authorized'], 'three'),
  ],
];

let oauth2: OAuth2;
const tokens = new Map<string, string>();
let issue: (scope: string) => Promise<string>;
beforeAll(async () => {
  ({ oauth2, issue } = await testOAuth2());
});
afterAll(() => oauth2.close());

async function tokenOf(scopes: readonly string[]): Promise<string> {
  const scope = ['other', ...scopes].join(' ');
  const token = tokens.get(scope) ?? (await issue(scope));
  tokens.set(scope, token);
  return token;
}

/** The lines of a start-up error, by the path of the action that they are about. */
function refusals(start: () => unknown): Map<string, string> {
  try {
    start();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const lines = error.message.split('\n').slice(1);
    return new Map(lines.map((line) => [/\(GET (\/\w+)/.exec(line)?.[1] as string, line]));
  }
  return new Map();
}

/** What is to be seen of an action over HTTP: without a token, with all but one of the scopes, with all of them. */
async function seen(served: Served, { path }: Chain, { scopes }: { scopes: readonly string[] }) {
  const ask = (headers: Record<string, string>) => served.get(path, { headers });
  const nobody = await ask({});
  const lacking = await Promise.all(
    scopes.map(async (left) => (await ask(bearerHeader(await tokenOf(scopes.filter((one) => one !== left))))).status),
  );
  const full = await ask(bearerHeader(await tokenOf(scopes)));
  const policies = [...(full.headers.get('ratelimit-policy') ?? '').matchAll(/"([^"]+)"/g)].map(([, name]) => name);
  return { nobody: nobody.status, lacking, full: full.status, policies: policies.sort() };
}

function expected(outcome: Exclude<Outcome, { kind: 'error' }>) {
  const scopes = outcome.kind === 'open' ? [] : outcome.scopes;
  return {
    nobody: outcome.kind === 'open' ? 200 : 401,
    lacking: scopes.map(() => 403),
    full: 200,
    policies: [...outcome.throttles].sort(),
  };
}

describe.each(tables)('[RS-70] every combination of declarations on %s', (_title, chains) => {
  const outcomes = new Map(chains.map((chain) => [chain, outcomeOf(chain)]));
  const served = chains.filter((chain) => outcomes.get(chain)?.kind !== 'error');
  const refused = chains.filter((chain) => outcomes.get(chain)?.kind === 'error');

  async function answersAsExpected(app: Served, some: readonly Chain[]): Promise<void> {
    const wrong: string[] = [];
    for (const chain of some) {
      const outcome = outcomes.get(chain) as Exclude<Outcome, { kind: 'error' }>;
      const scopes = outcome.kind === 'open' ? [] : outcome.scopes;
      const found = JSON.stringify(await seen(app, chain, { scopes }));
      const wanted = JSON.stringify(expected(outcome));
      if (found !== wanted) wrong.push(`${chain.title}: ${found} instead of ${wanted}`);
    }
    expect(wrong).toEqual([]);
  }

  test('a contradiction, or none at all, ends the start, and both places are named', () => {
    const lines = refusals(() => oauth2.createKoaServer({ controllers: refused.map(({ controller }) => controller) }));
    const wrong = refused.filter((chain) => {
      const { words } = outcomes.get(chain) as Extract<Outcome, { kind: 'error' }>;
      return !words.every((word) => lines.get(chain.path)?.includes(word));
    });
    expect(wrong.map((chain) => `${chain.title}: ${lines.get(chain.path)}`)).toEqual([]);
    expect(lines.size).toBe(refused.length);
  });

  test('requirements and throttles add up, and only a method opens what its class requires', async () => {
    const app = await serve(oauth2.createKoaServer({ controllers: served.map(({ controller }) => controller) }));
    await answersAsExpected(app, served);
    await app.close();
  });

  test('what passes the audit for routing-controllers own entry is answered there in the same way', async () => {
    const unseen = refusals(() => oauth2.audit(served.map(({ controller }) => controller)));
    const passed = served.filter(({ path }) => !unseen.has(path));
    expect(passed.length).toBeGreaterThan(served.length / 10);
    const controllers = passed.map(({ controller }) => controller);
    const app = await serve(createKoaServer({ ...oauth2.routingControllers(), controllers }) as never);
    await answersAsExpected(app, passed);
    await app.close();
  });
});

describe('[RS-70] declarations beyond the table', () => {
  @JsonController('/base')
  class Base {
    @Public()
    @Get('/')
    read(): object {
      return { ok: true };
    }
  }

  class Shared {
    @Authorized('read')
    @Get('/')
    read(): object {
      return { ok: true };
    }
  }

  const status = async (controller: Function, path: string, scope?: string) => {
    const served = await serve(oauth2.createKoaServer({ controllers: [controller] }));
    const headers = scope === undefined ? {} : bearerHeader(await issue(scope));
    const answer = await served.get(path, { headers });
    await served.close();
    return answer.status;
  };

  test('what a subclass requires of its class does not reach the base, nor another subclass of it', async () => {
    @Authorized('admin')
    @JsonController('/strict')
    class Strict extends Base {}

    @JsonController('/lax')
    class Lax extends Base {}

    expect([await status(Strict, '/strict'), await status(Strict, '/strict', 'admin')]).toEqual([401, 200]);
    expect([await status(Base, '/base'), await status(Lax, '/lax')]).toEqual([200, 200]);
  });

  test('an overriding method with a bare @Authorized() needs the scopes of the method that it overrides', async () => {
    @JsonController('/known')
    class Known extends Shared {
      @Authorized()
      override read(): object {
        return { ok: 'known' };
      }
    }
    expect([await status(Known, '/known', 'x'), await status(Known, '/known', 'read')]).toEqual([403, 200]);
  });

  test('an overriding method without any decorator keeps the requirement', async () => {
    @JsonController('/plain')
    class Plain extends Shared {
      override read(): object {
        return { ok: 'plain' };
      }
    }
    expect([await status(Plain, '/plain'), await status(Plain, '/plain', 'read')]).toEqual([401, 200]);
  });

  test('an alternative that an overriding method takes away is not enough any more', async () => {
    const a = ['a'];

    class Either {
      @Authorized([a, ['b']])
      @Get('/')
      read(): object {
        return { ok: true };
      }
    }

    @JsonController('/narrower')
    class Narrower extends Either {
      @Authorized([a])
      override read(): object {
        return { ok: 'narrower' };
      }
    }
    expect([await status(Narrower, '/narrower', 'b'), await status(Narrower, '/narrower', 'a')]).toEqual([403, 200]);
  });

  test('a permission that is repeated along the chain is asked once', async () => {
    let asked = 0;
    class Counting {
      hasPermission() {
        asked += 1;
        return true;
      }
    }

    @Authorized(Counting)
    class Counted {
      @Get('/')
      read(): object {
        return { ok: true };
      }
    }

    @Authorized(Counting)
    @JsonController('/counted')
    class Recounted extends Counted {}
    expect([await status(Recounted, '/counted', 'x'), asked]).toEqual([200, 1]);
  });

  test('classes of a mixin, which have one name, are distinguished by their place', () => {
    function guarded(base: new () => object) {
      @Authorized('admin')
      class Mixed extends base {}
      return Mixed;
    }
    function opened(base: new () => object) {
      @Public()
      class Mixed extends base {}
      return Mixed;
    }

    @JsonController('/mixed')
    class Mixing extends opened(guarded(Shared)) {}
    expect(() => oauth2.createKoaServer({ controllers: [Mixing] })).toThrow(
      /@Public\(\) by the class Mixed \(ancestor 1 of Mixing\) and guarded by @Authorized\(\.\.\.\) on the class Mixed \(ancestor 2 of Mixing\)/,
    );
  });

  test('decorators that are applied to a base after its subclass count as those before', async () => {
    class Late {
      read(): object {
        return { ok: true };
      }
    }

    @Authorized('admin')
    @JsonController('/late')
    class Early extends Late {}
    Get('/')(Late.prototype, 'read');
    (Public() as MethodDecorator)(Late.prototype, 'read', {});
    expect([await status(Early, '/late'), await status(Early, '/late', 'admin')]).toEqual([401, 200]);
  });

  test('a decorator on a static method, which serves nothing, is refused where it stands', () => {
    expect(() => {
      class Static {
        @Public()
        static read() {
          return {};
        }

        list() {
          return {};
        }
      }
      return Static;
    }).toThrow(/Static\.read: .*static/);
  });
});
