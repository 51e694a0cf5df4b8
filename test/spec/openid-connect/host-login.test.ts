import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import type { HostLogin } from '../../../src/public/authorization-server.js';
import { authorization, responseOf } from '../../support/authorization.js';
import type { TestClient, TestUser } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import {
  type AuthorizationServerSuite,
  FOR_USERS,
  useAuthorizationServer,
} from '../../support/spec/authorization-server.js';
import type { UserAgent, Visit } from '../../support/user-agent.js';

const SKIPPING = { ...FOR_USERS, skipAuthorization: true };

/** The session of a browser at the host, which has a login of its own. */
class Host {
  userId: string | undefined;
  authenticatedAtMilliseconds: number | undefined;

  readonly login: HostLogin = {
    url: (uid, _context, { reauthenticate }) =>
      `/host-login?${new URLSearchParams({ uid: `${uid}`, reauthenticate: `${reauthenticate}` })}`,
    userId: () => this.userId,
  };

  readonly loginWithTimes: HostLogin = {
    ...this.login,
    authenticatedAtMilliseconds: () => this.authenticatedAtMilliseconds,
  };

  signIn(userId: string, atMilliseconds: number | undefined = undefined): void {
    this.userId = userId;
    this.authenticatedAtMilliseconds = atMilliseconds;
  }

  signOut(): void {
    this.userId = undefined;
    this.authenticatedAtMilliseconds = undefined;
  }
}

/** A browser at an application that asks for users. */
class Visitor {
  readonly agent: UserAgent;
  private verifier = '';

  constructor(
    private readonly suite: AuthorizationServerSuite,
    private readonly client: TestClient,
  ) {
    this.agent = suite.agent();
  }

  ask(parameters: Readonly<Record<string, string>> = {}): Promise<Visit> {
    const { query, verifier } = authorization(this.client, { scope: 'openid read', ...parameters });
    this.verifier = verifier;
    return this.agent.get(`/oauth2/authorize?${query}`);
  }

  /** Comes back from the login of the host. */
  back(atLogin: Visit): Promise<Visit> {
    return this.agent.get(`/oauth2/interaction/${new URL(atLogin.url).searchParams.get('uid')}`);
  }

  /** The ID token that a response leads to. */
  async idToken(visit: Visit): Promise<string> {
    const code = responseOf(visit).get('code');
    if (code === null) throw new Error(`There is no code: ${responseOf(visit)}`);
    const answer = await this.suite.exchange(this.client, { code, verifier: this.verifier });
    return String(answer.body.id_token);
  }

  async claims(visit: Visit): Promise<Record<string, unknown>> {
    return { ...decodeJwt(await this.idToken(visit)) };
  }
}

/** Whether a browser was sent to the login of the host, and what that was told. */
function asked(visit: Visit): string | undefined {
  const { pathname, searchParams } = new URL(visit.url);
  return pathname === '/host-login' ? `reauthenticate=${searchParams.get('reauthenticate')}` : undefined;
}

const inSeconds = (ms: number) => Math.floor(ms / 1000);

describe.each(STACKS)('a login of the host that knows when its users have signed in, on %s', (name) => {
  const host = new Host();
  const suite = useAuthorizationServer(name, { options: { authenticate: undefined, login: host.loginWithTimes } });
  const now = () => suite.clock.nowMilliseconds();
  let client: TestClient;
  let visitor: Visitor;
  beforeAll(async () => {
    client = await suite.server.register(SKIPPING);
  });
  beforeEach(() => {
    host.signOut();
    visitor = new Visitor(suite, client);
  });

  test('[OpenID Core §2] auth_time is when the user has signed in at the host', async () => {
    const authenticatedAtMilliseconds = now() - 7_200_000;
    host.signIn('alice', authenticatedAtMilliseconds);
    const request = await visitor.ask({ max_age: '10000' });
    expect(await visitor.claims(request)).toMatchObject({
      sub: 'alice',
      auth_time: inSeconds(authenticatedAtMilliseconds),
    });
  });

  test.each<Readonly<Record<string, string>>>([{ prompt: 'login' }, { max_age: '0' }, { max_age: '60' }])(
    '[OpenID Core §3.1.2.1] %j: who signed in an hour ago has to sign in again, and coming back without that is not enough',
    async (parameters) => {
      host.signIn('alice', now() - 3_600_000);
      expect(responseOf(await visitor.ask()).get('code')).not.toBeNull();
      const atLogin = await visitor.ask(parameters);
      expect(asked(atLogin)).toBe('reauthenticate=true');
      expect(asked(await visitor.back(atLogin))).toBe('reauthenticate=true');
      const authenticatedAtMilliseconds = now();
      host.signIn('alice', authenticatedAtMilliseconds);
      const claims = await visitor.claims(await visitor.back(atLogin));
      expect(claims).toMatchObject({ sub: 'alice', auth_time: inSeconds(authenticatedAtMilliseconds) });
    },
  );

  test('[OpenID Core §3.1.2.1] prompt=login asks also who signed in a moment ago, and whoever then signs in is who it is', async () => {
    host.signIn('alice', now());
    await new Promise((resolve) => setTimeout(resolve, 2));
    const atLogin = await visitor.ask({ prompt: 'login' });
    expect(asked(atLogin)).toBe('reauthenticate=true');
    host.signIn('bob', now());
    expect((await visitor.claims(await visitor.back(atLogin))).sub).toBe('bob');
  });

  test('[OpenID Core §3.1.2.1] max_age: a sign-in at the host that is recent enough is not asked for again', async () => {
    host.signIn('alice', now() - 30_000);
    expect((await visitor.claims(await visitor.ask({ max_age: '60' }))).sub).toBe('alice');
    // Again at the host, elsewhere, since this session of ours began.
    suite.clock.offsetSeconds += 100;
    host.signIn('alice', now() - 30_000);
    const again = await visitor.ask({ max_age: '60' });
    expect((await visitor.claims(again)).auth_time).toBe(inSeconds(host.authenticatedAtMilliseconds as number));
  });

  test('[OpenID Core §3.1.2.1] max_age counts from the sign-in at the host, and not from that of another user before', async () => {
    host.signIn('alice', now());
    expect(responseOf(await visitor.ask()).get('code')).not.toBeNull();
    host.signIn('bob', now() - 3_600_000);
    expect(asked(await visitor.ask({ max_age: '60' }))).toBe('reauthenticate=true');
  });

  test('[OpenID Core §3.1.2.1] of whom the host does not know when he signed in, he has to sign in again', async () => {
    host.signIn('alice');
    expect((await visitor.claims(await visitor.ask())).sub).toBe('alice');
    const atLogin = await visitor.ask({ max_age: '60' });
    expect(asked(atLogin)).toBe('reauthenticate=true');
    host.signIn('alice', now());
    expect((await visitor.claims(await visitor.back(atLogin))).sub).toBe('alice');
  });

  test('a user who may not act is asked for somebody else, on the way to an application and on the pages', async () => {
    host.signIn('carol', now());
    const carol = suite.server.users.get('carol') as TestUser;
    carol.active = false;
    expect(asked(await visitor.ask())).toBe('reauthenticate=true');
    expect(asked(await visitor.agent.get('/oauth2/applications'))).toBe('reauthenticate=true');
    carol.active = true;
  });

  test('[RFC 9110 §15.5.6] there is no form to send: POST is 405', async () => {
    const atLogin = await visitor.ask();
    const path = `/oauth2/interaction/${new URL(atLogin.url).searchParams.get('uid')}`;
    const answer = await visitor.agent.send({ action: path, fields: { decision: 'deny' }, buttons: [] });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  test('an ordinary login asks for nothing twice', async () => {
    const atLogin = await visitor.ask();
    expect(asked(atLogin)).toBe('reauthenticate=false');
    host.signIn('alice', now() - 3_600_000);
    expect((await visitor.claims(await visitor.back(atLogin))).sub).toBe('alice');
  });

  test('[OpenID Core §3.1.2.1] who is not whom id_token_hint names gets nothing: login_required', async () => {
    host.signIn('alice', now());
    const hint = await visitor.idToken(await visitor.ask());
    host.signIn('bob', now());
    expect(responseOf(await visitor.ask({ id_token_hint: hint })).get('error')).toBe('login_required');
  });
});

describe.each(STACKS)('a login of the host that knows no times, on %s', (name) => {
  const host = new Host();
  const suite = useAuthorizationServer(name, { options: { authenticate: undefined, login: host.login } });
  let client: TestClient;
  let visitor: Visitor;
  beforeAll(async () => {
    client = await suite.server.register(SKIPPING);
  });
  beforeEach(() => {
    host.signOut();
    visitor = new Visitor(suite, client);
  });

  test.each<Readonly<Record<string, string>>>([{ prompt: 'login' }, { max_age: '0' }, { max_age: '86400' }])(
    '[OpenID Core §3.1.2.1] %j: it cannot be met for who is signed in, so it is login_required, and nothing else suffers',
    async (parameters) => {
      host.signIn('alice');
      expect(responseOf(await visitor.ask(parameters)).get('error')).toBe('login_required');
      expect((await visitor.claims(await visitor.ask())).sub).toBe('alice');
      // Also not by the session here, which is younger than that at the host.
      expect(responseOf(await visitor.ask(parameters)).get('error')).toBe('login_required');
      expect((await visitor.claims(await visitor.ask())).sub).toBe('alice');
    },
  );

  test.each<Readonly<Record<string, string>>>([{ prompt: 'login' }, { max_age: '60' }])(
    '[OpenID Core §3.1.2.1] %j: who was not signed in when it was asked for has signed in since',
    async (parameters) => {
      const atLogin = await visitor.ask(parameters);
      expect(asked(atLogin)).toBe('reauthenticate=true');
      host.signIn('alice');
      const { sub, auth_time } = await visitor.claims(await visitor.back(atLogin));
      expect(sub).toBe('alice');
      expect(Math.abs(Number(auth_time) - inSeconds(suite.clock.nowMilliseconds()))).toBeLessThan(10);
      // That is known of the session from then on.
      expect((await visitor.claims(await visitor.ask({ max_age: '60' }))).auth_time).toBe(auth_time);
      suite.clock.offsetSeconds += 100;
      expect(responseOf(await visitor.ask({ max_age: '60' })).get('error')).toBe('login_required');
    },
  );
});
