import { Agent, type OutgoingHttpHeaders, request } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController, Post } from 'routing-controllers';
import { Access, bearer, type OAuth2, type RequestAccess } from '../../../src/public/index.js';
import { type Served, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

@JsonController('/who')
class Who {
  @Authorized()
  @Get('/')
  who(@Access() access: RequestAccess) {
    return { user: access.userId ?? null, scopes: access.scopes };
  }

  @Authorized()
  @Post('/')
  whoPosts(@Access() access: RequestAccess) {
    return this.who(access);
  }
}

let oauth2: OAuth2;
let issue: (scope: string, user?: string) => Promise<string>;
let served: Served;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

beforeAll(async () => {
  ({ oauth2, issue } = await testOAuth2());
  served = await serve(oauth2.createKoaServer({ controllers: [Who] }));
});

afterAll(async () => {
  agent.destroy();
  await served.close();
  await oauth2.close();
});

interface Answer {
  readonly localPort: number | undefined;
  readonly status: number | undefined;
  readonly body: { user?: string | null; scopes?: string[]; error?: string };
}

/** Where a token can be, beside the header. */
interface Elsewhere {
  readonly inQuery?: string;
  readonly inBody?: string;
}

function ask(
  authorization: string | string[] | undefined,
  { inQuery, inBody }: Elsewhere = {},
  url = served.url,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers: OutgoingHttpHeaders = authorization === undefined ? {} : { Authorization: authorization };
    if (inBody !== undefined) headers['Content-Type'] = 'application/x-www-form-urlencoded';
    const query = inQuery === undefined ? '' : `?${new URLSearchParams({ access_token: inQuery })}`;
    const method = inBody === undefined ? 'GET' : 'POST';
    request(`${url}/who${query}`, { agent, headers, method }, (response) => {
      const localPort = response.socket.localPort;
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ localPort, status: response.statusCode, body: JSON.parse(text) }));
    })
      .on('error', reject)
      .end(inBody === undefined ? undefined : new URLSearchParams({ access_token: inBody }).toString());
  });
}

test('[RS-12] requests on one connection are each who their own token says, whatever came before', async () => {
  const alice = `Bearer ${await issue('a', 'alice')}`;
  const client = `Bearer ${await issue('b')}`;
  const doomed = await issue('c');
  const answers: Answer[] = [];
  for (const authorization of [
    alice,
    client,
    alice,
    alice,
    'Bearer unknown',
    alice,
    undefined,
    client,
    `Bearer ${doomed}`,
  ]) {
    answers.push(await ask(authorization));
  }
  await oauth2.tokens.revoke(doomed);
  answers.push(await ask(`Bearer ${doomed}`));
  answers.push(await ask('Bearer not a token'), await ask(alice));
  expect(new Set(answers.map((answer) => answer.localPort)).size).toBe(1);
  expect(answers.map(({ status, body }) => [status, body.error ?? body.user, body.scopes?.join(' ')])).toEqual([
    [200, 'alice', 'a'],
    [200, null, 'b'],
    [200, 'alice', 'a'],
    [200, 'alice', 'a'],
    [401, 'invalid_token', undefined],
    [200, 'alice', 'a'],
    [401, 'authentication_required', undefined],
    [200, null, 'b'],
    [200, null, 'c'],
    [401, 'invalid_token', undefined],
    [401, 'invalid_token', undefined],
    [200, 'alice', 'a'],
  ]);
});

test('[RS-2] a second Authorization field is refused, also alongside a token that the connection is known for', async () => {
  const token = `Bearer ${await issue('a', 'alice')}`;
  const other = `Bearer ${await issue('b', 'bob')}`;
  const first = await ask(token);
  const second = await ask([token, other]);
  const third = await ask(token);
  expect([first.status, second.status, third.status]).toEqual([200, 400, 200]);
  expect(second.body.error).toBe('invalid_request');
  expect(second.localPort).toBe(first.localPort);
});

test.each([
  ['bodies', { body: true }],
  ['queries', { query: true }],
  ['bodies and queries', { body: true, query: true }],
])(
  '[RS-2, RS-12] where tokens may also come in %s, each request is its own token, whatever came before',
  async (_where, locations) => {
    const own = await testOAuth2({
      authenticators: [bearer(locations)],
      users: { findById: (id) => ({ id }), isActive: () => true },
    });
    const everywhere = await serve(own.oauth2.createKoaServer({ controllers: [Who] }));
    try {
      const [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map((user) => own.issue('a', user)));
      const header = `Bearer ${alice}`;
      // A field without a bearer token in it is the same for all three, and says nothing of them.
      const other = 'Basic YTpi';
      const asked: [authorization: string | undefined, elsewhere: Elsewhere, answer: readonly [number, string]][] = [
        [header, {}, [200, 'alice']],
        [undefined, { inBody: bob }, [200, 'bob']],
        [undefined, { inBody: carol }, [200, 'carol']],
        [undefined, { inQuery: bob }, [200, 'bob']],
        [undefined, { inQuery: carol }, [200, 'carol']],
        [header, {}, [200, 'alice']],
        [header, { inBody: bob }, [400, 'invalid_request']],
        [header, { inQuery: bob }, [400, 'invalid_request']],
        [other, { inBody: bob }, [200, 'bob']],
        [other, { inBody: carol }, [200, 'carol']],
        [other, { inQuery: bob }, [200, 'bob']],
        [other, {}, [401, 'authentication_required']],
        [header, {}, [200, 'alice']],
        [`Bearer ${bob}`, {}, [200, 'bob']],
        [undefined, {}, [401, 'authentication_required']],
      ];
      const ports = new Set<number | undefined>();
      for (const [authorization, elsewhere, answer] of asked) {
        if (elsewhere.inBody !== undefined && !('body' in locations)) continue;
        if (elsewhere.inQuery !== undefined && !('query' in locations)) continue;
        const { localPort, status, body } = await ask(authorization, elsewhere, everywhere.url);
        ports.add(localPort);
        expect([authorization, elsewhere, status, body.error ?? body.user]).toEqual([
          authorization,
          elsewhere,
          ...answer,
        ]);
      }
      expect(ports.size).toBe(1);
    } finally {
      await everywhere.close();
      await own.oauth2.close();
    }
  },
);
