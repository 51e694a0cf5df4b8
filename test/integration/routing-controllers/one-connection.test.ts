import { Agent, type OutgoingHttpHeaders, request } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { Access, type OAuth2, type RequestAccess } from '../../../src/index.js';
import { type Served, serve } from '../../support/http.js';
import { testOAuth2 } from './support.js';

@JsonController('/who')
class Who {
  @Authorized()
  @Get('/')
  who(@Access() access: RequestAccess) {
    return { user: access.userId ?? null, scopes: access.scopes };
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

function ask(authorization: string | string[] | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers: OutgoingHttpHeaders = authorization === undefined ? {} : { Authorization: authorization };
    request(`${served.url}/who`, { agent, headers }, (response) => {
      const localPort = response.socket.localPort;
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ localPort, status: response.statusCode, body: JSON.parse(text) }));
    })
      .on('error', reject)
      .end();
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

test('[RS-2] a second Authorization field is refused, also beside a token that the connection is known for', async () => {
  const token = `Bearer ${await issue('a', 'alice')}`;
  const other = `Bearer ${await issue('b', 'bob')}`;
  const first = await ask(token);
  const second = await ask([token, other]);
  const third = await ask(token);
  expect([first.status, second.status, third.status]).toEqual([200, 400, 200]);
  expect(second.body.error).toBe('invalid_request');
  expect(second.localPort).toBe(first.localPort);
});
