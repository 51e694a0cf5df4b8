import 'reflect-metadata';
import { describe, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import type { AcrOptions } from '../../../src/public/authorization-server.js';
import { authenticationContext, CurrentToken, type VerifiedToken } from '../../../src/public/index.js';
import { authorization, authorize, responseOf } from '../../support/authorization.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import {
  type AuthorizationServerSuite,
  FOR_USERS,
  type Tokens,
  useAuthorizationServer,
} from '../../support/spec/authorization-server.js';
import { call, type Reply } from '../../support/spec/http.js';
import type { UserAgent, Visit } from '../../support/user-agent.js';

const PASSWORD = 'urn:test:password';
const OTP = 'urn:test:otp';

@JsonController('/money')
class Money {
  @Get('/recent')
  @Authorized(['read', authenticationContext({ maxAgeSeconds: 300 })])
  recent(@CurrentToken() token: VerifiedToken) {
    return { acr: token.acr ?? null };
  }

  @Get('/strong')
  @Authorized(['read', authenticationContext({ acr: [OTP, 'urn:test:key'] })])
  strong(@CurrentToken() token: VerifiedToken) {
    return { acr: token.acr };
  }

  @Get('/both')
  @Authorized(['write', authenticationContext({ acr: [OTP], maxAgeSeconds: 60 })])
  both() {
    return {};
  }
}

/** 401 with the challenge of RFC 9470 §3, and nothing more. */
function expectStepUp(reply: Reply, parameters: string): void {
  const description = 'A stronger or more recent authentication is required.';
  expect({ status: reply.status, body: reply.body }).toEqual({
    status: 401,
    body: { error: 'insufficient_user_authentication', error_description: description },
  });
  // The same follows for DPoP. Beside them every challenge of an action names its scope and the metadata of the resource.
  const [challenge = ''] = reply.headers.get('www-authenticate')?.split(', DPoP realm=') ?? [];
  expect(challenge.replace(/, scope="[^"]*"|, resource_metadata="[^"]*"/g, '')).toBe(
    `Bearer realm="api", error="insufficient_user_authentication", error_description="${description}", ${parameters}`,
  );
  expect(reply.headers.get('cache-control')).toBe('no-store');
}

/** Which authentication context the next sign-in reaches. */
const login = { acr: PASSWORD as string | undefined };
const acr: AcrOptions = { values: [PASSWORD, OTP], of: () => login.acr };

/** A user at an application, with one browser. */
class Visitor {
  readonly agent: UserAgent;

  constructor(
    private readonly suite: AuthorizationServerSuite,
    readonly client: TestClient,
  ) {
    this.agent = suite.agent();
  }

  async arrive(parameters: Readonly<Record<string, string>> = {}): Promise<URLSearchParams> {
    return responseOf(await authorize(this.agent, authorization(this.client, { scope: 'read', ...parameters })));
  }

  tokens(parameters: Readonly<Record<string, string>> = {}): Promise<Tokens> {
    return this.suite.tokens(this.client, { scope: 'read', ...parameters }, { agent: this.agent });
  }

  /** Where the browser stands after the request alone. */
  ask(parameters: Readonly<Record<string, string>> = {}): Promise<Visit> {
    return this.agent.get(`/oauth2/authorize?${authorization(this.client, parameters).query}`);
  }
}

const CLIENT = { ...FOR_USERS, skipAuthorization: true };

describe.each(STACKS)('step-up, on %s', (name) => {
  const suite = useAuthorizationServer(name, { options: { acr }, controllers: [Money] });
  const visitor = async () => new Visitor(suite, await suite.server.register(CLIENT));
  const ask = (path: string, token: string) => call(`${suite.url}/money/${path}`, { token });

  test('[RS-18 RFC 9470 §3, §5] too long ago: the challenge says how old it may be, and asked for that it works', async () => {
    login.acr = undefined;
    const user = await visitor();
    const { access_token: token } = await user.tokens();
    expect((await ask('recent', token)).status).toBe(200);
    suite.clock.offsetSeconds += 301;
    expectStepUp(await ask('recent', token), 'max_age="300"');
    // In the same browser, whose session is still good: without max_age nothing is asked again.
    expectStepUp(await ask('recent', (await user.tokens()).access_token), 'max_age="300"');
    expect((await user.ask({ max_age: '300' })).body).toContain('name="password"');
    expect((await ask('recent', (await user.tokens({ max_age: '300' })).access_token)).status).toBe(200);
  });

  test('[RS-18 RFC 9470 §6] a refresh makes no authentication a newer one', async () => {
    login.acr = OTP;
    const user = await visitor();
    const first = await user.tokens();
    suite.clock.offsetSeconds += 200;
    const second = (await suite.refresh(user.client, first.refresh_token)).body as unknown as Tokens;
    expect((await ask('recent', second.access_token)).body).toEqual({ acr: OTP });
    suite.clock.offsetSeconds += 200;
    const third = (await suite.refresh(user.client, second.refresh_token)).body as unknown as Tokens;
    expectStepUp(await ask('recent', third.access_token), 'max_age="300"');
    expect((await ask('strong', third.access_token)).body).toEqual({ acr: OTP });
  });

  test('[RS-18 RFC 9470 §3, §5] too weak: the challenge says what is enough, and asked for that it works', async () => {
    login.acr = PASSWORD;
    const user = await visitor();
    const { access_token: weak } = await user.tokens();
    const needed = `acr_values="${OTP} urn:test:key"`;
    expectStepUp(await ask('strong', weak), needed);
    login.acr = OTP;
    const asked = await user.ask({ acr_values: `${OTP} urn:test:key` });
    expect(asked.body).toContain('name="password"');
    const { access_token: strong } = await user.tokens({ acr_values: `${OTP} urn:test:key` });
    expect((await ask('strong', strong)).body).toEqual({ acr: OTP });
    expectStepUp(await ask('strong', weak), needed);
    // The session has it now.
    expect((await user.ask({ acr_values: OTP })).body).not.toContain('name="password"');
  });

  test('[RS-18] what a token does not say it has not, and both are named where both are needed', async () => {
    const both = `acr_values="${OTP}", max_age="60"`;
    login.acr = undefined;
    const { access_token: silent } = await (await visitor()).tokens({ scope: 'write' });
    expectStepUp(await ask('both', silent), both);
    const machine = await suite.server.register({ grantTypes: ['client_credentials'] });
    expectStepUp(await ask('both', await suite.ownToken(machine, 'write')), both);
    const { application } = await suite.server.oauth2.applications.create({
      name: 'Host',
      grantTypes: ['client_credentials'],
    });
    const issued = await suite.server.oauth2.tokens.issue({ user: 'alice', application, scope: 'read' });
    expectStepUp(await ask('recent', issued.access_token), 'max_age="300"');
    login.acr = PASSWORD;
    expectStepUp(await ask('both', (await (await visitor()).tokens({ scope: 'write' })).access_token), both);
  });

  test('[RS-5 RS-7] without a token it is asked for one, and without a scope for that', async () => {
    login.acr = OTP;
    const nobody = await call(`${suite.url}/money/recent`);
    expect(nobody.status).toBe(401);
    expect(nobody.headers.get('www-authenticate')).not.toMatch(/error|max_age/);
    const { access_token: token } = await (await visitor()).tokens({ scope: 'read' });
    expect((await ask('both', token)).status).toBe(403);
    suite.clock.offsetSeconds += 400;
    const { access_token: other } = await (await visitor()).tokens({ scope: 'write' });
    suite.clock.offsetSeconds += 400;
    expect((await ask('recent', other)).status).toBe(403);
  });

  test('[AS-71 RFC 9470 §5] what is not reached is told the application; nothing is asked again for ever', async () => {
    login.acr = PASSWORD;
    const user = await visitor();
    await user.tokens();
    const unmet = await user.arrive({ acr_values: OTP });
    expect(unmet.get('error')).toBe('unmet_authentication_requirements');
    expect((await user.arrive({ acr_values: 'urn:nobody:knows' })).get('error')).toBe(
      'unmet_authentication_requirements',
    );
    expect((await user.arrive({ acr_values: OTP, prompt: 'none' })).get('error')).toBe('login_required');
    expect((await user.arrive({ acr_values: `urn:nobody:knows ${PASSWORD}`, prompt: 'none' })).has('code')).toBe(true);
  });

  test('[AS-71 RFC 9470 §6.2] introspection says acr and auth_time, cached or not, and metadata what there is', async () => {
    login.acr = OTP;
    const user = await visitor();
    const before = Math.floor(suite.clock.nowMilliseconds() / 1000);
    const { access_token: token } = await user.tokens();
    for (let count = 0; count < 3; count += 1) {
      const { body } = await suite.introspect(user.client, token);
      expect(body).toMatchObject({ active: true, acr: OTP, auth_time: expect.any(Number) });
      expect(Number(body.auth_time)).toBeGreaterThanOrEqual(before);
      expect(Number(body.auth_time)).toBeLessThanOrEqual(before + 60);
    }
    const metadata = await suite.send('/.well-known/oauth-authorization-server');
    expect(metadata.body.acr_values_supported).toEqual([PASSWORD, OTP]);
  });

  test('[AS-71] a value that is not listed is a fault of the host, and signs nobody in', async () => {
    login.acr = 'urn:test:typo';
    const user = await visitor();
    const visit = await authorize(user.agent, authorization(user.client, { scope: 'read' }));
    expect(visit.status).toBe(500);
    expect((await user.ask({})).body).toContain('name="password"');
    suite.log.length = 0;
  });
});

describe('step-up at a login of the host', () => {
  const host = { userId: 'alice', at: 0, asked: [] as (readonly string[] | undefined)[] };
  const suite = useAuthorizationServer('SQLite + memory', {
    options: {
      authenticate: undefined,
      acr,
      login: {
        url: (uid, _context, { acrValues }) => {
          host.asked.push(acrValues);
          return `/host-login?uid=${uid}`;
        },
        userId: () => host.userId,
        authenticatedAtMilliseconds: () => host.at,
      },
    },
    controllers: [Money],
  });

  test('[AS-71 RFC 9470 §5] it is asked for what the application needs, and goes on once it is reached', async () => {
    login.acr = PASSWORD;
    host.at = suite.clock.nowMilliseconds() - 1000;
    const user = new Visitor(suite, await suite.server.register(CLIENT));
    const sent = await user.ask({ acr_values: OTP });
    expect(new URL(sent.url).pathname).toBe('/host-login');
    expect(host.asked).toEqual([[OTP]]);
    const uid = new URL(sent.url).searchParams.get('uid');
    login.acr = OTP;
    host.at = suite.clock.nowMilliseconds();
    expect(responseOf(await user.agent.get(`/oauth2/interaction/${uid}`)).has('code')).toBe(true);
    const { access_token: token } = await user.tokens();
    expect((await call(`${suite.url}/money/strong`, { token })).status).toBe(200);
  });

  test('[AS-71] a sign-in there that does not reach it ends the request, and goes round in no circle', async () => {
    login.acr = PASSWORD;
    host.at = suite.clock.nowMilliseconds() - 1000;
    const user = new Visitor(suite, await suite.server.register(CLIENT));
    const sent = await user.ask({ acr_values: OTP });
    host.at = suite.clock.nowMilliseconds() + 10;
    suite.clock.offsetSeconds += 1;
    const uid = new URL(sent.url).searchParams.get('uid');
    const visit = await user.agent.get(`/oauth2/interaction/${uid}`);
    expect(responseOf(visit).get('error')).toBe('unmet_authentication_requirements');
  });
});
