import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { systemClock } from '../../../src/core/clock.js';
import { Access, type OAuth2, RequestAccess, Throttle } from '../../../src/public/index.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

/** The methods that hosts call; `refused` is the package's own. */
const METHODS = Object.getOwnPropertyNames(RequestAccess.prototype).filter(
  (name) => name !== 'constructor' && name !== 'refused',
);

let seen: RequestAccess | undefined;

@JsonController('/apart')
class Apart {
  @Authorized('a')
  @Get()
  @Throttle({ name: 'by-address', rate: '1/h', subject: ({ address }) => address() })
  get(@Access() access: RequestAccess) {
    seen = access;
    const { hasScopes } = access;
    return { a: hasScopes(['a']), b: hasScopes(['b']) };
  }
}

describe('an access object that is taken apart', () => {
  let served: Served;
  let oauth2: OAuth2;
  let token: string;
  beforeAll(async () => {
    const now = Date.now();
    const made = await testOAuth2({ clock: { ...systemClock, nowMilliseconds: () => now } });
    oauth2 = made.oauth2;
    token = await made.issue('a');
    served = await serve(oauth2.createKoaServer({ controllers: [Apart] }));
  });
  afterAll(async () => {
    await served.close();
    await oauth2.close();
  });

  test('works in the functions of throttles and in actions', async () => {
    const get = () => fetch(`${served.url}/apart`, { headers: bearerHeader(token) });
    const first = await get();
    expect(first.status).toBe(200);
    expect(await first.json()).toEqual({ a: true, b: false });
    // Both were counted under the address.
    expect((await get()).status).toBe(429);
  });

  test('gives the same answer from every method as the whole object', async () => {
    const access = seen as RequestAccess & Record<string, unknown>;
    const methods = METHODS.filter((name) => typeof access[name] === 'function');
    expect(methods).toEqual(expect.arrayContaining(['address', 'hasScopes', 'checkObject']));
    for (const name of methods) {
      const alone = access[name] as (value: unknown) => unknown;
      const whole = (access[name] as (value: unknown) => unknown).call(access, ['a']);
      expect([name, await alone(['a'])]).toEqual([name, await whole]);
    }
  });
});
