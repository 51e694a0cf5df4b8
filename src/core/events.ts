import type { LogLimiter } from './log-limiter.js';
import { loggedFailure } from './logged-failure.js';
import { isPromiseLike } from './promises.js';
import type { RefusalReason } from './refusal-reason.js';

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

/** A token was revoked at the revocation endpoint (RFC 7009). */
export interface TokenRevokedEvent extends EventSubject {
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

/** A guard refused a request. The event contains nothing of the request except its method and the caller's address. */
export interface AccessRefusedEvent {
  readonly reason: RefusalReason;
  /** The status of the response. */
  readonly status: number;
  /** The code of the error (`insufficient_scope`, …), or the name of the host's `HttpError`. */
  readonly error: string;
  /** The action of the request. `path` is that of the route, e.g. `/books/:id`. */
  readonly action: {
    readonly controller: string;
    readonly method: string;
    readonly verb: string;
    readonly path: string;
  };
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
  /** The scopes that would be sufficient, or alternatives of them; `undefined` if it is not about scopes. */
  readonly requiredScopes: readonly string[] | readonly (readonly string[])[] | undefined;
  readonly providedScopes: readonly string[] | undefined;
  /** The class of the permission that refused. */
  readonly permission: string | undefined;
  readonly retryAfterSeconds: number | undefined;
}

/** The events of the authorization server and the guards, by name. */
export interface OAuth2EventMap {
  readonly 'access.refused': AccessRefusedEvent;
  readonly 'token.issued': TokenEvent;
  readonly 'token.refreshed': TokenEvent;
  readonly 'token.revoked': TokenRevokedEvent;
  readonly 'refresh.repeated': ReuseEvent;
  readonly 'refresh.reused': ReuseEvent;
  readonly 'code.replayed': ReuseEvent;
  readonly 'client.refused': ClientRefusedEvent;
  readonly 'consent.granted': ConsentEvent;
  readonly 'consent.withdrawn': ConsentEvent;
  readonly 'application.secretRotated': SecretRotatedEvent;
  readonly 'application.trustCleared': TrustClearedEvent;
}

export type OAuth2EventName = keyof OAuth2EventMap;

/** Called with an event. Its result is not awaited; if it throws or rejects, the error is logged. */
export type OAuth2EventListener<Name extends OAuth2EventName> = (event: OAuth2EventMap[Name]) => unknown;

/**
 * Calls the listeners of the host. A listener never delays a request and never makes one fail.
 *
 * @example
 * ```ts
 * import type { OAuth2 } from 'routing-controllers-oauth2';
 *
 * // Counts refusals; the answer stops it.
 * export function countRefusals(oauth2: OAuth2, counts: Map<string, number>): () => void {
 *   return oauth2.events.on('access.refused', ({ reason }) => {
 *     counts.set(reason, (counts.get(reason) ?? 0) + 1);
 *   });
 * }
 * ```
 */
export class OAuth2Events {
  private readonly listeners = new Map<OAuth2EventName, Set<OAuth2EventListener<never>>>();

  /** @internal */
  constructor(private readonly log: LogLimiter) {}

  /** Adds a listener; the returned function removes it. */
  on<Name extends OAuth2EventName>(name: Name, listener: OAuth2EventListener<Name>): () => void {
    const listeners = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, listeners);
    // One entry per call, so that a listener that was added twice is called twice and removed one at a time.
    const entry: OAuth2EventListener<Name> = (event) => listener(event);
    listeners.add(entry as OAuth2EventListener<never>);
    return () => {
      listeners.delete(entry as OAuth2EventListener<never>);
    };
  }

  /**
   * @internal Whether there are listeners, so that an event need not be created in vain.
   * @internal Whether anybody listens, so that an event need not be made for nobody.
   */
  hasListeners(name: OAuth2EventName): boolean {
    const listeners = this.listeners.get(name);
    return listeners !== undefined && listeners.size > 0;
  }

  /**
   * @internal Emits after the current work, so that a slow listener does not delay the response.
   * @internal Emits once the work at hand is done, so that a listener that computes long delays no answer.
   */
  emitLater<Name extends OAuth2EventName>(name: Name, event: OAuth2EventMap[Name]): void {
    setImmediate(() => this.emit(name, event));
  }

  /** @internal */
  emit<Name extends OAuth2EventName>(name: Name, event: OAuth2EventMap[Name]): void {
    const listeners = this.listeners.get(name);
    if (listeners === undefined) return;
    Object.freeze(event);
    for (const listener of listeners) {
      try {
        const answer = (listener as OAuth2EventListener<Name>)(event);
        if (isPromiseLike(answer)) answer.then(undefined, (error: unknown) => this.failed(name, error));
      } catch (error) {
        this.failed(name, error);
      }
    }
  }

  private failed(name: OAuth2EventName, error: unknown): void {
    const { kind, describe } = loggedFailure(error);
    this.log.error(`${name}: ${kind}`, () => `A listener of the event ${name} failed: ${describe()}`);
  }
}
