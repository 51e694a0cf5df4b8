import { describe, expect, test } from '@jest/globals';
import { HttpError } from 'routing-controllers';
import { KnownRefusal, throttledFor } from '../../../src/core/errors/known-refusal.js';
import {
  AccessDeniedError,
  AuthenticationRequiredError,
  InsufficientScopeError,
  InvalidRequestError,
  InvalidTokenError,
  ServerError,
  TemporarilyUnavailableError,
} from '../../../src/core/errors.js';
import type { AccessRefusedEvent } from '../../../src/core/events/event-map.js';
import type { TracedDecision } from '../../../src/core/observation/tracing.js';
import { verifiedToken } from '../../../src/core/verified-token.js';
import type { Authenticator } from '../../../src/resource-server/authentication/authenticator.js';
import { AllowAny } from '../../../src/resource-server/permissions/is-authenticated.js';
import type { Permission } from '../../../src/resource-server/permissions/permission.js';
import { RequiresScopes } from '../../../src/resource-server/permissions/requirement.js';
import { TokenHasScope } from '../../../src/resource-server/permissions/token-has-scope.js';
import type { RequestAccess } from '../../../src/resource-server/request-access.js';
import { PreparedAnswers } from '../../../src/routing-controllers/prepared-answers.js';
import { contextOf, type GuardParts, guardOf, planOf } from '../../support/guard/guard.js';

const token = verifiedToken({
  ...{ key: 'k', clientId: 'shop', userId: 'alice', scopes: ['a', 'b'] },
  ...{ issuedAtMilliseconds: 0, expiresAtMilliseconds: 4_000_000_000_000 },
});

/** A token of alice, with a challenge like that of a bearer token. */
const byToken: Authenticator = {
  reads: ['Authorization'],
  authenticate: () => ({ authType: 'oauth2', principal: token.principal, userId: 'alice', token }),
  challenge: (realm, { scope }) => `Bearer realm="${realm}"${scope === undefined ? '' : `, scope="${scope}"`}`,
};

/** Derives its scopes from the request. */
class Tenant extends TokenHasScope {
  override getScopes({ query }: RequestAccess): string[] {
    return [`tenant:${String(query.tenant)}`];
  }
}

/** Needs a caller to say its scopes. */
class OfUser extends TokenHasScope {
  override getScopes({ userId }: RequestAccess): string[] {
    if (userId === undefined) throw new TypeError('There is no user.');
    return [`user:${userId}`];
  }
}

const METADATA = 'https://api.example/.well-known/oauth-protected-resource';
const partsOf = (more: GuardParts = {}) => guardOf({ authenticators: [byToken], ...more });
const plan = planOf([new AllowAny()]);

describe('the log of refusals', () => {
  test.each<[string, unknown]>([
    ['a refusal', new InvalidTokenError()],
    ['a refusal with a cause', new InvalidTokenError(undefined, { cause: new Error('SELECT') })],
    ['an outage that was logged by what found it', new TemporarilyUnavailableError({})],
    ['an error of the host below 500', new HttpError(404, 'SELECT')],
  ])('holds nothing of %s', (_what, thrown) => {
    const { refusals, lines } = partsOf();
    refusals.of(contextOf(), thrown, plan);
    expect(lines).toEqual([]);
  });

  test.each<[string, unknown, string]>([
    [
      'an outage that says more',
      new TemporarilyUnavailableError({ detail: 'The ledger is away.' }),
      'The ledger is away.',
    ],
    ['what code of the host says is a fault', new ServerError(new Error('SELECT password')), 'SELECT password'],
    ['an outage with a cause', new TemporarilyUnavailableError({ cause: new Error('No route.') }), 'No route.'],
    ['an error of the host from 500 on', new HttpError(500, 'The ledger is closed.'), 'The ledger is closed.'],
    ['a fault', new TypeError('SELECT password'), 'SELECT password'],
    ['a fault that is no error', 'SELECT password', 'SELECT password'],
  ])('holds %s', (_what, thrown, text) => {
    const { refusals, lines } = partsOf();
    refusals.of(contextOf(), thrown, plan);
    expect(lines).toEqual([expect.stringContaining(text)]);
  });

  test('names the request of a fault, in printable characters, and its id', () => {
    const told: unknown[] = [];
    const { refusals, lines } = partsOf({
      asked: {
        address: () => 'ip:192.0.2.1',
        requestId: (context) => {
          told.push(context);
          return 'request-1';
        },
      },
    });
    const context = contextOf('/books/\u001b[2J?page=1', {}, 'POST');
    refusals.of(context, new TypeError('A fault.'), plan);
    expect(lines).toEqual([
      expect.stringMatching(/^The guard of POST \/books\/\S*\[2J failed: TypeError: A fault\.\n/),
    ]);
    expect(lines.join()).not.toContain('\u001b');
    expect(told).toEqual([context]);
  });

  test('holds no credentials of the request', () => {
    const { refusals, lines } = partsOf();
    const context = contextOf('/books', { authorization: 'Bearer secret-token' });
    refusals.of(context, new TypeError('Sent Bearer secret-token.'), plan);
    expect(lines).toEqual([expect.stringContaining('Sent Bearer ***.')]);
  });
});

describe('the response to', () => {
  test('a fault reveals nothing, and keeps what was thrown', () => {
    const thrown = new TypeError('SELECT password');
    const refusal = partsOf().refusals.of(contextOf(), thrown, plan);
    expect(refusal).toMatchObject({ status: 500, isOfHost: false });
    expect(refusal.error).toBeInstanceOf(ServerError);
    expect(refusal.thrown).toBe(thrown);
    const context = contextOf();
    refusal.answer(context);
    expect(JSON.stringify(context.body)).toBe(
      '{"error":"server_error","error_description":"The server met an unexpected condition."}',
    );
  });

  test('an error of the host is its own, without what would let caches keep it', () => {
    const thrown = Object.assign(new HttpError(402, 'Pay first.'), {
      headers: { 'X-Price': '5', 'Cache-Control': 'public' },
    });
    const refusal = partsOf().refusals.of(contextOf(), thrown, plan);
    expect(refusal).toMatchObject({ status: 402, isOfHost: true, error: thrown, thrown });
    const context = contextOf();
    context.body = 'What was written before.';
    refusal.answer(context);
    expect([context.status, context.res.getHeader('X-Price'), context.res.getHeader('Cache-Control')]).toEqual([
      402,
      '5',
      'no-store',
    ]);
    expect(context.body).toEqual({ name: 'Error', message: 'Pay first.' });
    refusal.answer(context, 'By the handler.');
    expect(context.body).toBe('By the handler.');
  });

  test('an error that Koa throws has the members that it shows', () => {
    const context = contextOf();
    try {
      context.throw(409, 'Busy.', { book: 7 });
    } catch (thrown) {
      partsOf().refusals.of(context, thrown, plan).answer(context);
    }
    expect([context.status, context.body]).toEqual([409, { name: 'ConflictError', message: 'Busy.', book: 7 }]);
  });

  test('an error of this package is JSON, with its challenge', () => {
    const context = contextOf();
    const refusal = partsOf().refusals.of(context, new AuthenticationRequiredError(), plan);
    refusal.answer(context);
    expect([context.status, context.res.getHeader('WWW-Authenticate')]).toEqual([401, 'Bearer realm="api"']);
    expect(context.body).toMatchObject({ error: 'authentication_required' });
  });

  test('an error of the host that stands for one of this package is that, where nothing else answers it', () => {
    const thrown = new Error('Cannot read.');
    const refusal = partsOf().refusals.translated(thrown, new AccessDeniedError('Not readable.'));
    expect(refusal).toMatchObject({ status: 403, isOfHost: true });
    expect(refusal.thrown).toBe(thrown);
  });

  test('a missing scope lists the scopes of the caller, as far as it is known', async () => {
    const { guard, refusals } = partsOf();
    const context = contextOf();
    const missing = new InsufficientScopeError({ requiredScopes: ['export'] });
    const scopesOf = (error: Error) => (error as InsufficientScopeError).details.providedScopes;
    expect(scopesOf(refusals.of(context, missing, plan).error)).toBeUndefined();
    await guard.enter(context, plan);
    const completed = refusals.of(context, missing, plan).error as InsufficientScopeError;
    expect(completed).toMatchObject({ message: missing.message });
    expect(completed.details).toStrictEqual({
      requiredScopes: ['export'],
      providedScopes: ['a', 'b'],
      scheme: 'Bearer',
    });
    const told = new InsufficientScopeError({ requiredScopes: ['export'], providedScopes: [], scheme: 'DPoP' });
    expect(refusals.of(context, told, plan).error).toBe(told);
    const schemed = new InsufficientScopeError({ requiredScopes: ['export'], scheme: 'DPoP' });
    expect((refusals.of(context, schemed, plan).error as InsufficientScopeError).details.scheme).toBe('DPoP');
    class Own extends InsufficientScopeError {}
    const own = new Own({ requiredScopes: ['export'] });
    expect(refusals.of(context, own, plan).error).toBe(own);
    const denied = new AccessDeniedError();
    expect(refusals.of(context, denied, plan).error).toBe(denied);
  });

  test('a missing scope names no scheme for a caller without a token', async () => {
    const bySession: Authenticator = {
      authenticate: () => ({ authType: 'session', principal: token.principal, userId: 'alice' }),
    };
    const { guard, refusals } = guardOf({ authenticators: [bySession] });
    const context = contextOf();
    await guard.enter(context, plan);
    const { error } = refusals.of(context, new InsufficientScopeError({ requiredScopes: ['export'] }), plan);
    expect((error as InsufficientScopeError).details).toStrictEqual({
      ...{ requiredScopes: ['export'], providedScopes: [] },
    });
  });
});

describe('the challenge of a 401', () => {
  const challenge = (
    permissions: readonly Permission[] | undefined,
    more: GuardParts,
    error: Error = new InvalidTokenError(),
  ) => partsOf(more).refusals.of(contextOf('/books?tenant=7'), error, planOf(permissions)).fields['WWW-Authenticate'];
  const named = { resourceMetadata: METADATA };

  test.each<[string, readonly Permission[] | undefined, string | undefined]>([
    ['the scopes of its action', [new RequiresScopes([['a', 'b']])], 'a b'],
    ['the scopes that its action derives from the request', [new Tenant()], 'tenant:7'],
    ['no scope where an action needs a caller to say it', [new OfUser()], undefined],
    ['no scope where an action needs none', [new AllowAny()], undefined],
    ['no scope where an action is public', undefined, undefined],
  ])('names %s', (_what, permissions, scope) => {
    expect(challenge(permissions, named)).toBe(`Bearer realm="api"${scope === undefined ? '' : `, scope="${scope}"`}`);
  });

  test('names no scope where clients read no metadata', () => {
    expect(challenge([new RequiresScopes([['a']])], {})).toBe('Bearer realm="api"');
  });

  test('is that of a 401 alone', () => {
    const bad = new InvalidRequestError('Twice.');
    expect(challenge([new RequiresScopes([['a']])], named, bad)).toBe('Bearer realm="api"');
  });

  test('names no scope where no action is known', () => {
    const { fields } = partsOf(named).refusals.of(contextOf(), new InvalidTokenError());
    expect(fields['WWW-Authenticate']).toBe('Bearer realm="api"');
  });

  test('asks nothing of permissions but their scopes, and as nobody', async () => {
    const seen: unknown[] = [];
    class Curious extends TokenHasScope {
      override getScopes(access: RequestAccess): string[] {
        seen.push(access.isAuthenticated, access.address(), access.nowMilliseconds());
        seen.push(access.refused(new AccessDeniedError('As it is.')).message);
        access.checkObject({}).catch((error: Error) => seen.push(error.name));
        return ['a'];
      }
    }
    const clock = { nowMilliseconds: () => 5_000, monotonicMilliseconds: () => 0 };
    const { observation } = partsOf({ ...named, clock });
    expect(challenge([new Curious()], { ...named, clock })).toContain('scope="a"');
    await new Promise(setImmediate);
    expect(seen).toEqual([false, 'ip:192.0.2.1', 5_000, 'As it is.', 'AuthenticationRequiredError']);
    expect(observation.statistics.access.permission).toBe(0);
  });
});

describe('a prepared answer', () => {
  const known = new KnownRefusal(() => new InvalidTokenError());
  const answer = (permissions: readonly Permission[] | undefined, more: GuardParts = {}, refusal = known) =>
    partsOf(more).refusals.prepared(contextOf('/books?tenant=7'), planOf(permissions), refusal);
  const named = { resourceMetadata: METADATA };

  test('has the scopes of its action', () => {
    expect(answer([new RequiresScopes([['a']])], named)?.fields['WWW-Authenticate']).toContain('scope="a"');
  });

  test('is none where the challenge names scopes that differ between requests', () => {
    expect(answer([new Tenant()], named)).toBeUndefined();
    expect(answer([new Tenant()])).toMatchObject({ status: 401 });
    expect(answer(undefined, named)).toMatchObject({ status: 401 });
    expect(answer([new Tenant()], named, throttledFor(1))).toMatchObject({ status: 429 });
  });

  test('is made once for a refusal, and for 32 refusals at a time', () => {
    const { refusals } = partsOf();
    const answers = new PreparedAnswers(plan, refusals);
    const made = answers.of(contextOf(), known);
    for (let seconds = 1; seconds < 32; seconds += 1) answers.of(contextOf(), throttledFor(seconds));
    expect(answers.of(contextOf(), known)).toBe(made);
    answers.of(contextOf(), throttledFor(32));
    expect(answers.of(contextOf(), known)).not.toBe(made);
    expect(answers.of(contextOf(), known)).toEqual({ ...made, body: expect.any(Function) });
  });

  test('is not kept where there is none', () => {
    const { refusals } = partsOf(named);
    const answers = new PreparedAnswers(planOf([new Tenant()]), refusals);
    const made = answers.of(contextOf(), throttledFor(1));
    for (let count = 0; count < 40; count += 1) {
      const another = new KnownRefusal(() => new InvalidTokenError());
      expect(answers.of(contextOf('/books?tenant=7'), another)).toBeUndefined();
    }
    expect(answers.of(contextOf(), throttledFor(1))).toBe(made);
  });

  test('is written as it was made', () => {
    const { refusals } = partsOf();
    const context = contextOf();
    const prepared = refusals.prepared(context, plan, known);
    if (prepared !== undefined) refusals.write(context, prepared);
    expect([context.status, context.res.getHeader('WWW-Authenticate')]).toEqual([401, 'Bearer realm="api"']);
    expect(context.body).toMatchObject({ error: 'invalid_token' });
  });
});

describe('a refusal of a guard is told', () => {
  const refused = (parts: ReturnType<typeof partsOf>) => {
    const events: AccessRefusedEvent[] = [];
    parts.observation.events.topics['access.refused'].add((event) => events.push(event));
    return async () => {
      await new Promise(setImmediate);
      return events;
    };
  };

  test('to the counts, and to who listens', async () => {
    const parts = partsOf();
    const events = refused(parts);
    parts.refusals.ofRequest(contextOf(), plan, new AuthenticationRequiredError());
    expect(parts.observation.statistics.access).toMatchObject({ no_credentials: 1 });
    expect(await events()).toMatchObject([{ reason: 'no_credentials', status: 401 }]);
  });

  test('with the scopes of the caller, if it was known before', async () => {
    const parts = partsOf();
    const events = refused(parts);
    const context = contextOf();
    const making = new KnownRefusal(
      (providedScopes) =>
        new InsufficientScopeError({ requiredScopes: ['c'], ...(providedScopes && { providedScopes }) }),
    );
    parts.refusals.tellKnown(context, plan, making);
    parts.refusals.ofRequest(context, plan, making);
    await parts.guard.enter(context, plan);
    parts.refusals.tellKnown(context, plan, making);
    const { error } = parts.refusals.ofRequest(context, plan, making);
    expect((error as InsufficientScopeError).details.providedScopes).toEqual(['a', 'b']);
    const told = { status: 403, requiredScopes: ['c'] };
    expect(await events()).toMatchObject([
      { ...told, reason: 'invalid_credentials', providedScopes: undefined },
      { ...told, reason: 'invalid_credentials', providedScopes: undefined },
      { ...told, reason: 'insufficient_scope', providedScopes: ['a', 'b'], userId: 'alice' },
      { ...told, reason: 'insufficient_scope', providedScopes: ['a', 'b'], userId: 'alice' },
    ]);
  });

  test('to the tracer, with who it was, as far as that is known', async () => {
    const { guard, refusals, observation } = partsOf();
    const decisions: TracedDecision[] = [];
    observation.tracing.tracer = { decided: (one) => void decisions.push(one), around: (_what, work) => work() };
    const context = contextOf();
    refusals.ofRequest(context, plan, new AuthenticationRequiredError());
    await guard.enter(context, plan);
    refusals.ofRequest(context, plan, new AccessDeniedError());
    const action = 'BooksController.list';
    const nobody = { authType: undefined, clientId: undefined, userId: undefined };
    const alice = { authType: 'oauth2', clientId: 'shop', userId: 'alice' };
    expect(decisions).toEqual([
      { outcome: 'no_credentials', action, ...nobody },
      { outcome: 'granted', action, ...alice },
      { outcome: 'permission', action, ...alice },
    ]);
  });

  test('to the tracer, where the caller has no token', async () => {
    const bySession: Authenticator = {
      authenticate: () => ({ authType: 'session', principal: token.principal, userId: 'alice' }),
    };
    const { guard, refusals, observation } = guardOf({ authenticators: [bySession] });
    const context = contextOf();
    await guard.enter(context, plan);
    const decisions: TracedDecision[] = [];
    observation.tracing.tracer = { decided: (one) => void decisions.push(one), around: (_what, work) => work() };
    refusals.ofRequest(context, plan, new AccessDeniedError());
    expect(decisions).toMatchObject([{ authType: 'session', clientId: undefined, userId: 'alice' }]);
  });

  test('and is refused nevertheless if the address of the caller cannot be told', async () => {
    const asked = {
      address: () => {
        throw new Error('No address.');
      },
      requestId: () => undefined,
    };
    const parts = partsOf({ asked });
    const events = refused(parts);
    expect(parts.refusals.ofRequest(contextOf(), plan, new AuthenticationRequiredError()).status).toBe(401);
    expect(parts.lines).toEqual([expect.stringMatching(/^The event access\.refused failed: Error: No address\./)]);
    expect(await events()).toEqual([]);
  });
});
