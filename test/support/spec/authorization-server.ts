import { afterAll, beforeAll, expect, jest } from '@jest/globals';
import { type Clock, systemClock } from '../../../src/core/clock.js';
import type { OAuth2EventMap, OAuth2EventName } from '../../../src/public/index.js';
import { authorization, authorize, exchange, REDIRECT_URI, responseOf } from '../authorization.js';
import {
  type AuthorizationServerTestOptions,
  type RunningAuthorizationServer,
  startAuthorizationServer,
  type TestClient,
} from '../authorization-server.js';
import type { StackName } from '../bookstore.js';
import { freshKeyPrefix, redisUrl, removeKeys } from '../services.js';
import { UserAgent, type Visit } from '../user-agent.js';

export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

/** An application of users, with every grant that concerns them. */
export const FOR_USERS = {
  grantTypes: ['authorization_code', 'refresh_token', DEVICE_CODE],
  redirectUris: [REDIRECT_URI],
};

/** A clock that a test moves; it starts at the real time. What asks for the time without a clock is moved along. */
export class MovedClock implements Clock {
  offsetSeconds = 0;
  private stoodAtMilliseconds: number | undefined;
  private readonly realNow = Date.now.bind(Date);
  private spy: { mockRestore(): void } | undefined;

  nowMilliseconds(): number {
    return (this.stoodAtMilliseconds ?? this.realNow()) + this.offsetSeconds * 1000;
  }

  /** From here on the time of day moves by the offset alone: what is near a boundary stays on its side of it. */
  standStill(): void {
    this.stoodAtMilliseconds = this.realNow();
  }

  goOn(): void {
    this.stoodAtMilliseconds = undefined;
  }

  monotonicMilliseconds(): number {
    return systemClock.monotonicMilliseconds() + this.offsetSeconds * 1000;
  }

  start(): void {
    this.spy = jest.spyOn(Date, 'now').mockImplementation(() => this.nowMilliseconds());
  }

  stop(): void {
    this.spy?.mockRestore();
  }
}

/** An answer of an endpoint for programs. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text, read as a JSON object; empty if it is none. */
  readonly body: Readonly<Record<string, unknown>>;
}

export async function answerOf(pending: Response | Promise<Response>): Promise<Answer> {
  const response = await pending;
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: objectIn(text) };
}

function objectIn(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** An error as RFC 6749 §5.2 has it: JSON, not to be stored, and nothing in it but code and description. */
export function expectError(answer: Answer, status: number, error: string): void {
  expect({ status: answer.status, ...answer.body }).toEqual({
    status,
    error,
    ...('error_description' in answer.body && { error_description: expect.any(String) }),
  });
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(answer.headers.get('cache-control')).toBe('no-store');
}

type Form = Readonly<Record<string, string>>;

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly scope: string;
  readonly expires_in: number;
  readonly token_type: string;
  readonly id_token?: string;
}

/** The authorization server of a suite, and what is done there again and again. */
export class AuthorizationServerSuite {
  readonly clock = new MovedClock();
  /** What it has logged. */
  readonly log: string[] = [];
  /** What it has told its listeners. */
  readonly events: (readonly [OAuth2EventName, OAuth2EventMap[OAuth2EventName]])[] = [];
  running: RunningAuthorizationServer | undefined;

  get server(): RunningAuthorizationServer {
    if (this.running === undefined) throw new Error('The authorization server runs only while tests do.');
    return this.running;
  }

  get url(): string {
    return this.server.url;
  }

  async post(path: string, form: Form | string, client?: TestClient): Promise<Answer> {
    return answerOf(this.server.post(path, withClientId(form, client), client));
  }

  /** Sends a request as it is. */
  async send(path: string, init: RequestInit = {}): Promise<Answer> {
    return answerOf(fetch(`${this.url}${path}`, { redirect: 'manual', ...init }));
  }

  token(form: Form | string, client?: TestClient): Promise<Answer> {
    return this.post('/oauth2/token', form, client);
  }

  agent(): UserAgent {
    return new UserAgent(this.url);
  }

  /** An authorized request, up to the code. */
  async code(
    client: TestClient,
    parameters: Readonly<Record<string, string | undefined>> = {},
    { agent = this.agent(), user = 'alice' }: { readonly agent?: UserAgent; readonly user?: string } = {},
  ): Promise<{ readonly code: string; readonly verifier: string }> {
    const request = authorization(client, parameters);
    const response = responseOf(await authorize(agent, request, { user }));
    const code = response.get('code');
    if (code === null) throw new Error(`There is no code: ${response}`);
    return { code, verifier: request.verifier };
  }

  exchange(
    client: TestClient,
    code: { readonly code: string; readonly verifier: string },
    parameters: Form = {},
  ): Promise<Answer> {
    return answerOf(exchange(this.server, client, code, parameters));
  }

  /** The tokens of a code that was just got. */
  async tokens(
    client: TestClient,
    parameters: Readonly<Record<string, string | undefined>> = {},
    by: { readonly agent?: UserAgent; readonly user?: string } = {},
  ): Promise<Tokens> {
    const answer = await this.exchange(client, await this.code(client, parameters, by));
    if (answer.status !== 200) throw new Error(`There are no tokens: ${answer.text}`);
    return answer.body as unknown as Tokens;
  }

  refresh(client: TestClient, refreshToken: string, parameters: Form = {}): Promise<Answer> {
    return this.token({ grant_type: 'refresh_token', refresh_token: refreshToken, ...parameters }, client);
  }

  /** An access token of the application alone. */
  async ownToken(client: TestClient, scope = 'read', parameters: Form = {}): Promise<string> {
    const answer = await this.token({ grant_type: 'client_credentials', scope, ...parameters }, client);
    if (answer.status !== 200) throw new Error(`There is no token: ${answer.text}`);
    return String(answer.body.access_token);
  }

  introspect(client: TestClient, token: string, parameters: Form = {}): Promise<Answer> {
    return this.post('/oauth2/introspect', { token, ...parameters }, client);
  }

  async isActive(client: TestClient, token: string): Promise<boolean> {
    return (await this.introspect(client, token)).body.active === true;
  }

  revoke(client: TestClient, token: string, parameters: Form = {}): Promise<Answer> {
    return this.post('/oauth2/revoke', { token, ...parameters }, client);
  }

  /** Goes to the authorization endpoint and stays where it leads at once: no form is filled in. */
  ask(client: TestClient, parameters: Readonly<Record<string, string | undefined>> = {}): Promise<Visit> {
    return this.agent().get(`/oauth2/authorize?${authorization(client, parameters).query}`);
  }

  /** The events of one name since a point in time. */
  eventsSince(count: number, name: OAuth2EventName): unknown[] {
    return this.events.slice(count).flatMap(([one, event]) => (one === name ? [event] : []));
  }
}

/** Public applications say who they are in the form. */
function withClientId(form: Form | string, client: TestClient | undefined): Form | string {
  if (client === undefined || client.clientSecret !== '' || typeof form === 'string') return form;
  return { client_id: client.clientId, ...form };
}

const EVENTS: readonly OAuth2EventName[] = [
  ...(['token.issued', 'token.refreshed', 'token.revoked', 'refresh.repeated', 'refresh.reused'] as const),
  ...(['code.replayed', 'client.refused', 'consent.granted', 'consent.withdrawn'] as const),
];

/** No limits: a suite asks more often than one caller would. */
const NO_LIMITS = {
  ...{ token: null, authorize: null, device: null, introspection: null },
  ...{ registration: null, userCodes: null, allUserCodes: null },
};

/** Runs an authorization server while the tests of the surrounding `describe` run. */
export function useAuthorizationServer(
  name: StackName,
  given: AuthorizationServerTestOptions = {},
): AuthorizationServerSuite {
  const suite = new AuthorizationServerSuite();
  const withRedis = name === 'MariaDB + Redis';
  const keyPrefix = freshKeyPrefix();
  beforeAll(async () => {
    suite.clock.start();
    const write = (message: string) => void suite.log.push(message);
    const { options, oauth2, ...test } = given;
    suite.running = await startAuthorizationServer(withRedis ? 'mariadb' : 'sqlite', {
      logger: { info: write, warn: write, error: write },
      ...test,
      oauth2: {
        clock: suite.clock,
        throttling: { failedAuthentication: null },
        ...(withRedis && { redis: redisUrl(), keyPrefix }),
        ...oauth2,
      },
      options: { throttling: NO_LIMITS, ...options },
    });
    for (const event of EVENTS) suite.server.oauth2.events.on(event, (told) => void suite.events.push([event, told]));
  }, 60_000);
  afterAll(async () => {
    suite.clock.stop();
    await suite.running?.close();
    if (withRedis) await removeKeys(redisUrl(), keyPrefix);
    // Whatever callers do, nothing of it is a failure of the server.
    expect(suite.log.filter((message) => /failed at/.test(message))).toEqual([]);
  }, 60_000);
  return suite;
}
