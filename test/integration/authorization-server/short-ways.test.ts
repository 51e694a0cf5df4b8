import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Dispatcher } from '../../../src/authorization-server/engine/dispatcher.js';
import type { TokenEvent } from '../../../src/authorization-server/index.js';
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

const spyOnDispatcher = () => jest.spyOn(Dispatcher.prototype, 'run');

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
        oauth2: { resource: RESOURCE },
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
      const { id, tokenHash, createdAtMs, expiresAtMs, ...columns } = row.toJSON() as Record<string, unknown>;
      return {
        asked,
        told: {
          ...answer,
          body,
          length: String(value).length,
          columns,
          lifetimeMs: Number(expiresAtMs) - Number(createdAtMs),
          wholeSeconds: Number(createdAtMs) % 1000 === 0,
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
        ['a scope about users', 200, { scope: 'read openid' }, undefined],
        ['a resource', 400, { resource: 'https://other.example.com' }, undefined],
        ['an assertion beside the secret', 400, { client_assertion: 'a.b.c' }, undefined],
        ['a secret beside the secret', 400, { client_secret: 'another' }, undefined],
        ['another client id', 400, { client_id: 'another' }, undefined],
      ])('%s', async (_, status, form, headers) => {
        const answer = await token({ scope: 'read', ...form }, headers);
        expect([answer.status, answer.asked]).toEqual([status, true]);
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

    test('a secret is worthless for a token at once when it was replaced', async () => {
      const client = await server.register();
      const headers = { authorization: basic(client) };
      expect((await token({ scope: 'read' }, headers)).status).toBe(200);
      await server.oauth2.applications.rotateSecret(client.clientId);
      expect((await token({ scope: 'read' }, headers)).status).toBe(401);
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
  },
);
