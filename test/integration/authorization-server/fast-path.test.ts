import { Agent, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { InnerDispatcher } from '../../../src/authorization-server/oidc/inner-dispatcher.js';
import { silentLogger } from '../../../src/core/logger.js';
import type { TokenEvent } from '../../../src/public/index.js';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import type { ApplicationRepository } from '../../../src/storage/index.js';
import { codeFor, exchange, REDIRECT_URI } from '../../support/authorization.js';
import {
  basic,
  type RunningAuthorizationServer,
  startAuthorizationServer,
  type TestClient,
} from '../../support/authorization-server.js';

const RESOURCE = 'https://books.example.com';
type Form = Record<string, string>;

/** What is said of a request, and by whom. */
interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly fields: Record<string, string>;
  /** Whether oidc-provider was asked. */
  readonly asked: boolean;
}

const spyOnDispatcher = () => jest.spyOn(InnerDispatcher.prototype, 'run');

describe.each(['sqlite', 'mariadb'] as const)(
  'answers that do not need oidc-provider are as its own, on %s',
  (kind) => {
    let server: RunningAuthorizationServer;
    let machine: TestClient;
    let issued: TokenEvent[];
    let run: ReturnType<typeof spyOnDispatcher>;
    beforeAll(async () => {
      run = spyOnDispatcher();
      server = await startAuthorizationServer(kind, {
        options: { defaultScopes: ['write'], accessTokenLifetimeSeconds: 600 },
        oauth2: { resource: RESOURCE, requireAudience: false },
      });
      machine = await server.register();
      server.oauth2.events.on('token.issued', (event) => issued.push(event));
    });
    afterAll(async () => {
      run.mockRestore();
      await server?.close();
    });

    async function post(path: string, form: Form, headers: Form): Promise<Answer> {
      run.mockClear();
      const response = await fetch(`${server.url}${path}`, {
        method: 'POST',
        headers,
        body: new URLSearchParams(form),
      });
      // The rest differs from request to request.
      const { date, 'content-length': _length, ...fields } = Object.fromEntries(response.headers);
      // Fields for pages mean nothing here: the request has no origin.
      const left = Object.keys(fields).filter((name) => /^(ratelimit|access-control-|vary$)/.test(name));
      for (const name of left) delete fields[name];
      const body = (await response.json()) as Record<string, unknown>;
      return { status: response.status, body, fields, asked: run.mock.calls.length > 0 };
    }
    const token = (form: Form, headers: Form = { authorization: basic(machine) }) =>
      post('/oauth2/token', { grant_type: 'client_credentials', ...form }, headers);
    const introspect = (value: string, form: Form = {}, client = machine) =>
      post('/oauth2/introspect', { token: value, ...form }, { authorization: basic(client) });

    /** The answer, the event and the row of a token, without what is its own. */
    async function issue(form: Form, headers?: Form) {
      issued = [];
      const { asked, ...answer } = await token(form, headers);
      const { access_token: value, ...body } = answer.body;
      const [row] = await server.oauth2.models.AccessToken.query().orderBy('id', 'desc').limit(1);
      if (row === undefined) throw new Error('Nothing is stored.');
      const { id, tokenHash, createdAtMilliseconds, expiresAtMilliseconds, ...columns } = row.toJSON() as Record<
        string,
        unknown
      >;
      return {
        asked,
        told: {
          ...answer,
          body,
          length: String(value).length,
          columns,
          lifetimeMilliseconds: Number(expiresAtMilliseconds) - Number(createdAtMilliseconds),
          wholeSeconds: Number(createdAtMilliseconds) % 1000 === 0,
          events: issued,
        },
      };
    }

    test.each<readonly [string, Form]>([
      ['one scope', { scope: 'read' }],
      ['several scopes', { scope: 'write read' }],
      ['a scope twice', { scope: 'read read' }],
      ['the default scopes', {}],
      ['an empty scope', { scope: '' }],
    ])('a token of an application: %s', async (_, form) => {
      const short = await issue(form);
      // oidc-provider ignores a parameter that it does not know (RFC 6749 §3.2), but it is asked.
      const long = await issue({ ...form, unknown: 'parameter' });
      expect([short.asked, long.asked]).toEqual([false, true]);
      expect(short.told.body).toMatchObject({ token_type: 'Bearer', expires_in: 600 });
      expect(short.told).toEqual(long.told);
      expect(short.told.events).toHaveLength(1);
    });

    test('the secret may be in the form', async () => {
      const form = { scope: 'read', client_id: machine.clientId, client_secret: machine.clientSecret };
      const short = await issue(form, {});
      const long = await issue({ ...form, unknown: 'parameter' }, {});
      expect([short.asked, long.asked]).toEqual([false, true]);
      expect(short.told).toEqual(long.told);
    });

    describe('is left to oidc-provider:', () => {
      test.each<readonly [string, number, Form, Form | undefined]>([
        ['a wrong secret', 401, {}, { authorization: 'Basic eDp5' }],
        ['credentials that are not base64', 400, {}, { authorization: 'Basic a-_b' }],
        ['an unknown scope', 400, { scope: 'nonsense' }, undefined],
        ['a scope with two spaces', 400, { scope: 'read  write' }, undefined],
        ['a scope that begins with a space', 400, { scope: ' read' }, undefined],
        ['a scope that ends with a space', 400, { scope: 'read ' }, undefined],
        ['a scope about users', 200, { scope: 'read openid' }, undefined],
        ['a resource', 400, { resource: 'https://other.example.com' }, undefined],
        ['an assertion beside the secret', 400, { client_assertion: 'a.b.c' }, undefined],
        ['a secret beside the secret', 400, { client_secret: 'another' }, undefined],
        ['another client id', 400, { client_id: 'another' }, undefined],
      ])('%s', async (_, status, form, headers) => {
        const answer = await token({ scope: 'read', ...form }, headers);
        expect([answer.status, answer.asked]).toEqual([status, true]);
      });

      test('a valid secret whose padding is wrong', async () => {
        const padded = await server.register();
        const [, encoded = ''] = basic(padded).split(' ');
        const bare = encoded.replace(/=*$/, '');
        const wrong = [1, 2, 3].map((count) => `${bare}${'='.repeat(count)}`).find((one) => one.length % 4 !== 0);
        const answer = await token({ scope: 'read' }, { authorization: `Basic ${wrong}` });
        expect(answer).toMatchObject({ status: 400, asked: true });
      });

      test('an introspection from a page, or with another proof alongside the secret', async () => {
        const authorization = basic(machine);
        const { access_token: value = '' } = (await token({ scope: 'read' })).body as Form;
        for (const field of ['origin', 'oauth-client-attestation', 'oauth-client-attestation-pop']) {
          const headers = { authorization, [field]: 'https://app.example.com' };
          expect((await post('/oauth2/introspect', { token: value }, headers)).asked).toBe(true);
        }
      });

      test('a DPoP proof, a request from a page, and an application that may not or is disabled', async () => {
        const authorization = basic(machine);
        expect(await token({ scope: 'read' }, { authorization, dpop: 'no proof' })).toMatchObject({
          status: 400,
          asked: true,
        });
        expect((await token({ scope: 'read' }, { authorization, origin: 'https://app.example.com' })).asked).toBe(true);
        const other = await server.register({ grantTypes: ['refresh_token'] });
        expect(await token({ scope: 'read' }, { authorization: basic(other) })).toMatchObject({
          body: { error: 'unauthorized_client' },
          asked: true,
        });
        const disabled = await server.register();
        await server.oauth2.applications.disable(disabled.clientId);
        expect(await token({ scope: 'read' }, { authorization: basic(disabled) })).toMatchObject({
          status: 401,
          asked: true,
        });
      });
    });

    describe('just after an application was read, another process of the host has', () => {
      let elsewhere: OAuth2;
      beforeAll(() => {
        elsewhere = createOAuth2({ database: server.databaseUrl, logger: silentLogger });
      });
      afterAll(() => elsewhere.close());

      test.each<readonly [string, string, (applications: ApplicationRepository, clientId: string) => Promise<unknown>]>(
        [
          ['replaced its secret', 'invalid_client', (to, clientId) => to.rotateSecret(clientId)],
          ['disabled it', 'invalid_client', (to, clientId) => to.disable(clientId)],
          ['deleted it', 'invalid_client', (to, clientId) => to.delete(clientId)],
          [
            'taken its grant',
            'unauthorized_client',
            (to, clientId) => to.update(clientId, { grantTypes: ['refresh_token'] }),
          ],
          ['taken its scope', 'invalid_scope', (to, clientId) => to.update(clientId, { scopes: ['write'] })],
        ],
      )('%s: no token is issued', async (_, error, change) => {
        const client = await server.register();
        const headers = { authorization: basic(client) };
        expect(await token({ scope: 'read' }, headers)).toMatchObject({ status: 200, asked: false });
        await change(elsewhere.applications, client.clientId);
        const before = await server.oauth2.models.AccessToken.query().resultSize();
        expect(await token({ scope: 'read' }, headers)).toMatchObject({ body: { error }, asked: true });
        expect(await server.oauth2.models.AccessToken.query().resultSize()).toBe(before);
      });

      test('given it a scope: the token is issued with it', async () => {
        const client = await server.register({ scopes: ['write'] });
        const headers = { authorization: basic(client) };
        expect((await token({ scope: 'write' }, headers)).status).toBe(200);
        await elsewhere.applications.update(client.clientId, { scopes: ['read', 'write'] });
        expect(await token({ scope: 'read' }, headers)).toMatchObject({ status: 200, body: { scope: 'read' } });
      });
    });

    test('on one connection each request is answered to the application whose secret it shows', async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const sockets = new Set<unknown>();
      const ask = (path: string, form: Form, headers: Form) =>
        new Promise<Record<string, unknown>>((resolve, reject) => {
          const body = new URLSearchParams(form).toString();
          const type = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(body.length) };
          request(`${server.url}${path}`, { method: 'POST', agent, headers: { ...headers, ...type } }, (response) =>
            json(response).then((answer) => resolve(answer as Record<string, unknown>), reject),
          )
            .on('socket', (socket) => sockets.add(socket))
            .on('error', reject)
            .end(body);
        });
      try {
        const other = await server.register();
        const authorization = basic(machine);
        const { access_token: value = '' } = (await token({ scope: 'read' })).body as Form;
        const clients: readonly (readonly [Form, boolean])[] = [
          [{ authorization }, true],
          [{ authorization: basic(other) }, false],
          [{ authorization }, true],
          [{ authorization: basic({ ...machine, clientSecret: other.clientSecret }) }, false],
          [{ authorization }, true],
          [{}, false],
          [{ authorization }, true],
        ];
        for (const [headers, active] of clients) {
          const answer = await ask('/oauth2/introspect', { token: value }, headers);
          expect(answer.active === true).toBe(active);
        }
        expect(await ask('/oauth2/token', { grant_type: 'client_credentials', scope: 'read' }, {})).toMatchObject({
          error: 'invalid_request',
        });
        expect(sockets.size).toBe(1);
      } finally {
        agent.destroy();
      }
    });

    test('introspection of tokens of applications and of users, by their application and by a resource server', async () => {
      const app = await server.register({
        grantTypes: ['authorization_code', 'refresh_token'],
        redirectUris: [REDIRECT_URI],
      });
      const ofUser = (await (await exchange(server, app, await codeFor(server, app))).json()) as Form;
      const ofMachine = (await token({ scope: 'read write' })).body as Form;
      const resourceServer = await server.register({ mayIntrospect: true });
      for (const [{ access_token: value = '' }, owner] of [
        [ofUser, app],
        [ofMachine, machine],
      ] as const) {
        for (const client of [owner, resourceServer]) {
          const { asked: askedAtFirst, ...short } = await introspect(value, {}, client);
          // The hint changes nothing but who answers.
          const { asked, ...long } = await introspect(value, { token_type_hint: 'refresh_token' }, client);
          expect([askedAtFirst, asked]).toEqual([false, true]);
          expect(short.body.active).toBe(true);
          expect(short).toEqual(long);
        }
      }
    });

    test('introspection of a token without audience names the resource that is guarded here', async () => {
      const { access_token: value = '' } = (await token({ scope: 'read' })).body as Form;
      const { AccessToken } = server.oauth2.models;
      const [row] = await AccessToken.query().orderBy('id', 'desc').limit(1);
      await AccessToken.query()
        .findById(row?.id ?? 0)
        .patch({ audience: null });
      const short = await introspect(value);
      const long = await introspect(value, { token_type_hint: 'refresh_token' });
      expect([short.asked, long.asked]).toEqual([false, true]);
      expect(short.body).toMatchObject({ active: true, aud: RESOURCE });
      expect(short.body).toEqual(long.body);
    });
  },
);
