import type { LookUpLevel, LookUpResult, StoreName, StoreState } from '../observation/outcomes.js';
import type { RefusalReason } from '../refusal-reason.js';

export type { RefusalReason };

/** The subject of an event. Only ids: never a token, a code or a secret. */
export interface EventSubject {
  /** The application: its client identifier. */
  readonly clientId: string;
  /** The user; `undefined` for an application alone (client credentials). */
  readonly userId: string | undefined;
}

/** Tokens were issued or refreshed. */
export interface TokenEvent extends EventSubject {
  /** The grant type, e.g. `authorization_code` (RFC 6749 §4). */
  readonly grantType: string;
  /** The scopes of the tokens. */
  readonly scopes: readonly string[];
  /** The same for all tokens of one authorization; `undefined` for client credentials. */
  readonly familyId: string | undefined;
}

/** A token was revoked: at the revocation endpoint (RFC 7009), by staff, or by the host. */
export interface TokenRevokedEvent {
  /** The application; `undefined` if it could not be read any more. */
  readonly clientId: string | undefined;
  /** The user; `undefined` for an application alone, or if it could not be read any more. */
  readonly userId: string | undefined;
  /** What was revoked. */
  readonly token: 'access_token' | 'refresh_token';
  /** The same for all tokens of one authorization, if there is such. */
  readonly familyId: string | undefined;
}

/**
 * A code or refresh token was used a second time. `refresh.repeated`: within the grace period, and the same successor
 * was returned; the others: the whole family was revoked.
 */
export interface ReuseEvent extends EventSubject {
  /** The same for all tokens of one authorization. */
  readonly familyId: string;
}

/** A client authentication failed (RFC 6749 §5.2). */
export interface ClientRefusedEvent {
  /** The client identifier in the request; it may belong to another application, or to none. */
  readonly clientId: string | undefined;
  /** The key of the address, e.g. `ip:203.0.113.5`. */
  readonly address: string;
  /** The endpoint that was asked, e.g. `token`. */
  readonly endpoint: string;
}

/** A user allowed an application to act, or withdrew that. */
export interface ConsentEvent {
  /** The application: its client identifier. */
  readonly clientId: string;
  /** The user whose consent it is. */
  readonly userId: string;
  /** The scopes that the application may have, or had. */
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
  /** The name of the class. */
  readonly controller: string;
  /** The name of the method. */
  readonly method: string;
  /** The HTTP method of the route, e.g. `GET`. */
  readonly verb: string;
  /** The path of the route. */
  readonly path: string;
}

/** A decision of a guard. The event contains nothing of the request except its method and the caller's address. */
export interface AccessEvent {
  /** The action that was requested. */
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
  /** The foreign issuer of the token, if it has one. */
  readonly issuer: string | undefined;
  /** The user of a foreign issuer, as it names them (`sub`). */
  readonly subject: string | undefined;
}

/** A guard let a request pass to its action. */
export interface AccessGrantedEvent extends AccessEvent {
  /** How the caller was authenticated: `oauth2`, `session` …; `undefined` for an anonymous caller. */
  readonly authType: string | undefined;
}

/** A guard refused a request. */
export interface AccessRefusedEvent extends AccessEvent {
  /** Why, as a word for statistics. */
  readonly reason: RefusalReason;
  /** The status of the response. */
  readonly status: number;
  /** The code of the error (`insufficient_scope`, …), or the name of the host's `HttpError`. */
  readonly error: string;
  /** The scopes that would be sufficient, or alternatives of them; `undefined` if it is not about scopes. */
  readonly requiredScopes: readonly string[] | readonly (readonly string[])[] | undefined;
  /** The scopes of the token; `undefined` if it is not about scopes. */
  readonly providedScopes: readonly string[] | undefined;
  /** The class of the permission that refused. */
  readonly permission: string | undefined;
  /** After how long the caller may come back; `undefined` if it is not about rates. */
  readonly retryAfterSeconds: number | undefined;
}

/** A throttle refused a request to an action or to an endpoint. */
export interface ThrottleRefusedEvent {
  /** The names of the policies that it was over; those of endpoints begin with `authorization-server:`. */
  readonly policies: readonly string[];
  /** After how long the caller may come back. */
  readonly retryAfterSeconds: number;
}

/** A token was verified, or the answer about it was found in the cache. */
export interface TokenVerifiedEvent {
  /** Where the answer came from. */
  readonly level: LookUpLevel;
  /** What the answer was. */
  readonly result: LookUpResult;
  /** The verifier, such as `databaseTokens()`; `undefined` if the answer came from the cache. */
  readonly verifier: string | undefined;
  /** How long that took; 0 for the memory of the process. */
  readonly milliseconds: number;
  /** The application of a token that is valid. */
  readonly clientId: string | undefined;
  /** The user of a token that is valid, if it has one. */
  readonly userId: string | undefined;
}

/** All tokens of a user, of an application, or of a user at an application were revoked. */
export interface TokensRevokedEvent {
  /** The application; `undefined` for all applications of the user. */
  readonly clientId: string | undefined;
  /** The user; `undefined` for all users of the application. */
  readonly userId: string | undefined;
  /** How many tokens there were. */
  readonly count: number;
}

/** A store became unavailable, or available again. */
export interface StoreChangedEvent {
  /** Which store it is. */
  readonly store: StoreName;
  /** Its state from now on. */
  readonly state: StoreState;
}

/** A key signed a token, or proved the signature of one. */
export interface KeyUsedEvent {
  /** What it was used for. */
  readonly purpose: 'sign' | 'verify';
  /** The issuer whose key it is. */
  readonly issuer: string;
  /** The id of the key (RFC 7517 §4.5), if it has one. */
  readonly kid: string | undefined;
  /** The algorithm, e.g. `RS256` (RFC 7518 §3.1). */
  readonly algorithm: string;
}

/** A new signing key was stored. */
export interface KeyCreatedEvent {
  /** The id of the key (RFC 7517 §4.5). */
  readonly kid: string;
  /** The algorithm, e.g. `RS256` (RFC 7518 §3.1). */
  readonly algorithm: string;
  /** From when on it signs, in milliseconds since the Unix epoch. */
  readonly signsFromMilliseconds: number;
  /** Whether the previous keys are not trusted any more. */
  readonly compromised: boolean;
}

/** The keys of an issuer of JWTs were fetched, or could not be. */
export interface KeysFetchedEvent {
  /** The issuer whose keys they are. */
  readonly issuer: string;
  /** Whether they were fetched. */
  readonly succeeded: boolean;
  /** How long that took. */
  readonly milliseconds: number;
  /** How many keys there are; 0 after a failure. */
  readonly count: number;
}

/** A user signed in at a browser. */
export interface SessionStartedEvent {
  /** The user who signed in. */
  readonly userId: string;
  /** The `id` of the session, as `oauth2.sessions` lists it. */
  readonly sessionId: string;
}

/** Browser sessions were ended: one by its id, or those of a user. */
export interface SessionEndedEvent {
  /** The session, if it was one by its id. */
  readonly sessionId: string | undefined;
  /** The user whose sessions were ended, if all were. */
  readonly userId: string | undefined;
  /** How many sessions there were. */
  readonly count: number;
}

/** A sign-in at the pages failed. It does not say for which name, since people also type passwords there. */
export interface UserRefusedEvent {
  /** A wrong name or password, or too many of them. */
  readonly reason: 'wrong' | 'throttled';
  /** The key of the address, e.g. `ip:203.0.113.5`. */
  readonly address: string;
}

/** The events, by name: a noun and what happened to it. */
export interface OAuth2EventMap {
  /** A guard let a request pass. */
  readonly 'access.granted': AccessGrantedEvent;
  /** A guard refused a request. */
  readonly 'access.refused': AccessRefusedEvent;
  /** A throttle refused a request. */
  readonly 'throttle.refused': ThrottleRefusedEvent;
  /** A token was verified. */
  readonly 'token.verified': TokenVerifiedEvent;
  /** Tokens were issued. */
  readonly 'token.issued': TokenEvent;
  /** Tokens were issued for a refresh token. */
  readonly 'token.refreshed': TokenEvent;
  /** A token was revoked. */
  readonly 'token.revoked': TokenRevokedEvent;
  /** All tokens of a user or an application were revoked. */
  readonly 'tokens.revoked': TokensRevokedEvent;
  /** A refresh token was used again within its grace period. */
  readonly 'refresh.repeated': ReuseEvent;
  /** A refresh token was used again, and its family was revoked. */
  readonly 'refresh.reused': ReuseEvent;
  /** A code was used again, and its family was revoked. */
  readonly 'code.replayed': ReuseEvent;
  /** The authentication of an application failed. */
  readonly 'client.refused': ClientRefusedEvent;
  /** A sign-in failed. */
  readonly 'user.refused': UserRefusedEvent;
  /** A user signed in at a browser. */
  readonly 'session.started': SessionStartedEvent;
  /** Browser sessions were ended. */
  readonly 'session.ended': SessionEndedEvent;
  /** A user allowed an application to act. */
  readonly 'consent.granted': ConsentEvent;
  /** A user withdrew what an application was allowed. */
  readonly 'consent.withdrawn': ConsentEvent;
  /** An application got a new secret. */
  readonly 'application.secretRotated': SecretRotatedEvent;
  /** An application lost the trust of staff by an edit. */
  readonly 'application.trustCleared': TrustClearedEvent;
  /** A key signed a token, or proved a signature. */
  readonly 'key.used': KeyUsedEvent;
  /** A signing key was stored. */
  readonly 'key.created': KeyCreatedEvent;
  /** The keys of an issuer were fetched, or could not be. */
  readonly 'keys.fetched': KeysFetchedEvent;
  /** A store became unavailable, or available again. */
  readonly 'store.changed': StoreChangedEvent;
}

/** The name of an event. */
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
