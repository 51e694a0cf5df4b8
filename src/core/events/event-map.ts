import type { LookUpLevel, LookUpResult, StoreName, StoreState } from '../observation/outcomes.js';
import type { RefusalReason } from '../refusal-reason.js';

export type { RefusalReason };

/** The subject of an event. Only ids: never a token, a code or a secret. */
export interface EventSubject {
  readonly clientId: string;
  /** The user; `undefined` for an application alone (client credentials). */
  readonly userId: string | undefined;
}

/** Tokens were issued or refreshed. */
export interface TokenEvent extends EventSubject {
  readonly grantType: string;
  readonly scopes: readonly string[];
  /** The same for all tokens of one authorization; `undefined` for client credentials. */
  readonly familyId: string | undefined;
}

/** A token was revoked: at the revocation endpoint (RFC 7009), by staff, or by the host. */
export interface TokenRevokedEvent {
  /** The application; `undefined` if it could not be read any more. */
  readonly clientId: string | undefined;
  readonly userId: string | undefined;
  readonly token: 'access_token' | 'refresh_token';
  readonly familyId: string | undefined;
}

/**
 * A code or refresh token was used a second time. `refresh.repeated`: within the grace period, and the same successor
 * was returned; the others: the whole family was revoked.
 */
export interface ReuseEvent extends EventSubject {
  readonly familyId: string;
}

/** A client authentication failed (RFC 6749 §5.2). */
export interface ClientRefusedEvent {
  /** The client identifier in the request; it may belong to another application, or to none. */
  readonly clientId: string | undefined;
  /** The key of the address, e.g. `ip:203.0.113.5`. */
  readonly address: string;
  readonly endpoint: string;
}

export interface ConsentEvent {
  readonly clientId: string;
  readonly userId: string;
  readonly scopes: readonly string[];
}

/** An application got a new secret. The user is its owner. */
export interface SecretRotatedEvent extends EventSubject {
  /** For how long the previous secret stays valid; 0: not at all. */
  readonly overlapSeconds: number;
}

/** An edit by its owner removed the trust of staff in an application. */
export interface TrustClearedEvent extends EventSubject {
  /** What staff had trusted it with; `registeredBy`: it counted as registered by staff. The user is its owner. */
  readonly cleared: readonly ('skipAuthorization' | 'mayIntrospect' | 'registeredBy')[];
}

/** The action of a request. `path` is that of the route, e.g. `/books/:id`. */
export interface EventAction {
  readonly controller: string;
  readonly method: string;
  readonly verb: string;
  readonly path: string;
}

/** A decision of a guard. The event contains nothing of the request except its method and the caller's address. */
export interface AccessEvent {
  readonly action: EventAction;
  /** An id of the request, if the option `requestId` finds one. */
  readonly requestId: string | undefined;
  /** The method of the request; it differs from the action's verb for HEAD, and for `@All`. */
  readonly requestMethod: string;
  /** The key of the caller's address, e.g. `ip:203.0.113.5`. */
  readonly address: string;
  /** The host's user who the caller is, if that was known by then. */
  readonly userId: string | undefined;
  /** The application that the token was issued to; of a foreign issuer's token the one that is registered there. */
  readonly clientId: string | undefined;
  /** The foreign issuer of the token, if it has one, and its user as it names them (`sub`). */
  readonly issuer: string | undefined;
  readonly subject: string | undefined;
}

/** A guard let a request pass to its action. */
export interface AccessGrantedEvent extends AccessEvent {
  /** How the caller was authenticated: `oauth2`, `session` …; `undefined` for an anonymous caller. */
  readonly authType: string | undefined;
}

/** A guard refused a request. */
export interface AccessRefusedEvent extends AccessEvent {
  readonly reason: RefusalReason;
  /** The status of the response. */
  readonly status: number;
  /** The code of the error (`insufficient_scope`, …), or the name of the host's `HttpError`. */
  readonly error: string;
  /** The scopes that would be sufficient, or alternatives of them; `undefined` if it is not about scopes. */
  readonly requiredScopes: readonly string[] | readonly (readonly string[])[] | undefined;
  readonly providedScopes: readonly string[] | undefined;
  /** The class of the permission that refused. */
  readonly permission: string | undefined;
  readonly retryAfterSeconds: number | undefined;
}

/** A throttle refused a request to an action or to an endpoint. */
export interface ThrottleRefusedEvent {
  /** The names of the policies that it was over; those of endpoints begin with `authorization-server:`. */
  readonly policies: readonly string[];
  readonly retryAfterSeconds: number;
}

/** A token was verified, or the answer about it was found in the cache. */
export interface TokenVerifiedEvent {
  /** Where the answer came from. */
  readonly level: LookUpLevel;
  readonly result: LookUpResult;
  /** The verifier, such as `databaseTokens()`; `undefined` if the answer came from the cache. */
  readonly verifier: string | undefined;
  /** How long that took; 0 for the memory of the process. */
  readonly milliseconds: number;
  /** The application of a token that is valid. */
  readonly clientId: string | undefined;
  readonly userId: string | undefined;
}

/** All tokens of a user, of an application, or of a user at an application were revoked. */
export interface TokensRevokedEvent {
  readonly clientId: string | undefined;
  readonly userId: string | undefined;
  readonly count: number;
}

/** A store became unavailable, or available again. */
export interface StoreChangedEvent {
  readonly store: StoreName;
  readonly state: StoreState;
}

/** A key signed a token, or proved the signature of one. */
export interface KeyUsedEvent {
  readonly purpose: 'sign' | 'verify';
  readonly issuer: string;
  readonly kid: string | undefined;
  readonly algorithm: string;
}

/** A new signing key was stored. */
export interface KeyCreatedEvent {
  readonly kid: string;
  readonly algorithm: string;
  /** From when on it signs, in milliseconds since the Unix epoch. */
  readonly signsFromMilliseconds: number;
  /** Whether the previous keys are not trusted any more. */
  readonly compromised: boolean;
}

/** The keys of an issuer of JWTs were fetched, or could not be. */
export interface KeysFetchedEvent {
  readonly issuer: string;
  readonly succeeded: boolean;
  readonly milliseconds: number;
  /** How many keys there are; 0 after a failure. */
  readonly count: number;
}

/** A user signed in at a browser. */
export interface SessionStartedEvent {
  readonly userId: string;
  /** The `id` of the session, as `oauth2.sessions` lists it. */
  readonly sessionId: string;
}

/** Browser sessions were ended: one by its id, or those of a user. */
export interface SessionEndedEvent {
  readonly sessionId: string | undefined;
  readonly userId: string | undefined;
  readonly count: number;
}

/** A sign-in at the pages failed. It does not say for which name, since people also type passwords there. */
export interface UserRefusedEvent {
  readonly reason: 'wrong' | 'throttled';
  readonly address: string;
}

/** The events, by name: a noun and what happened to it. */
export interface OAuth2EventMap {
  readonly 'access.granted': AccessGrantedEvent;
  readonly 'access.refused': AccessRefusedEvent;
  readonly 'throttle.refused': ThrottleRefusedEvent;
  readonly 'token.verified': TokenVerifiedEvent;
  readonly 'token.issued': TokenEvent;
  readonly 'token.refreshed': TokenEvent;
  readonly 'token.revoked': TokenRevokedEvent;
  readonly 'tokens.revoked': TokensRevokedEvent;
  readonly 'refresh.repeated': ReuseEvent;
  readonly 'refresh.reused': ReuseEvent;
  readonly 'code.replayed': ReuseEvent;
  readonly 'client.refused': ClientRefusedEvent;
  readonly 'user.refused': UserRefusedEvent;
  readonly 'session.started': SessionStartedEvent;
  readonly 'session.ended': SessionEndedEvent;
  readonly 'consent.granted': ConsentEvent;
  readonly 'consent.withdrawn': ConsentEvent;
  readonly 'application.secretRotated': SecretRotatedEvent;
  readonly 'application.trustCleared': TrustClearedEvent;
  readonly 'key.used': KeyUsedEvent;
  readonly 'key.created': KeyCreatedEvent;
  readonly 'keys.fetched': KeysFetchedEvent;
  readonly 'store.changed': StoreChangedEvent;
}

export type OAuth2EventName = keyof OAuth2EventMap;

/** All of them. */
export const EVENT_NAMES = [
  'access.granted',
  'access.refused',
  'throttle.refused',
  'token.verified',
  'token.issued',
  'token.refreshed',
  'token.revoked',
  'tokens.revoked',
  'refresh.repeated',
  'refresh.reused',
  'code.replayed',
  'client.refused',
  'user.refused',
  'session.started',
  'session.ended',
  'consent.granted',
  'consent.withdrawn',
  'application.secretRotated',
  'application.trustCleared',
  'key.used',
  'key.created',
  'keys.fetched',
  'store.changed',
] as const satisfies readonly OAuth2EventName[];

type Missing = Exclude<OAuth2EventName, (typeof EVENT_NAMES)[number]>;
/** Does not compile if an event is missing in the list. */
export const NO_EVENT_IS_MISSING: [Missing] extends [never] ? true : Missing = true;
