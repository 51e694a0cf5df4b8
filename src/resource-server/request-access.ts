import type { IncomingHttpHeaders } from 'node:http';
import type { ParsedUrlQuery } from 'node:querystring';
import type { Context } from 'koa';
import { makeDetachable } from '../core/detachable.js';
import { ANONYMOUS, type Principal, principalKey } from '../core/principal.js';
import type { RegisteredUser, ScopeName } from '../core/register.js';
import { ownClientIdOf, type VerifiedToken } from '../core/verified-token.js';
import type { Authentication } from './authentication/authenticator.js';

/** The guard that created an access object, for operations that need the plan of the action. */
export interface AccessGuard<Plan> {
  address(context: Context): string;
  /** The time by which tokens end, in milliseconds since the Unix epoch. */
  nowMilliseconds(): number;
  checkObject(access: RequestAccess, plan: Plan, object: unknown): Promise<void>;
  refused(access: RequestAccess, plan: Plan, error: unknown): Error;
}

const NO_SCOPES: readonly string[] = Object.freeze([]);

/**
 * The caller of a request and their credentials: created once per request, and passed to permissions, throttle
 * functions and, by `@Access()`, to controllers. It may be taken apart: `({ hasScopes }) => hasScopes(['books'])`.
 *
 * `User` is the host's user, by default that of `Register`.
 *
 * @example
 * ```ts
 * import { Authorized, Get, JsonController } from 'routing-controllers';
 * import { Access, RequestAccess } from 'routing-controllers-oauth2';
 *
 * @JsonController()
 * export class ProfileController {
 *   @Authorized('profile')
 *   @Get('/profile')
 *   show(@Access() access: RequestAccess): object {
 *     return { id: access.userId, email: access.hasScopes(['email']) ? 'ann@example.org' : undefined };
 *   }
 * }
 * ```
 */
export class RequestAccess<User = RegisteredUser> {
  /** How the caller was authenticated: `oauth2`, `session`, or the name of an authenticator of your own. */
  readonly authType: string | undefined;
  /** The verified access token, if one was presented. */
  readonly token: VerifiedToken | undefined;
  /**
   * The host's user; a `ForeignUser` for one of a foreign issuer whom the verifier's option `user` maps to none of the host's
   * (where there are any, register `user: User | ForeignUser`); `undefined` for an anonymous caller or an application alone.
   */
  readonly user: User | undefined;
  /** The id of the host's user; never that of a foreign issuer's, which `principal` names. */
  readonly userId: string | undefined;
  /** Who makes the request. */
  readonly principal: Principal;

  /** @internal */
  constructor(
    /** The Koa context of the request. */
    readonly context: Context,
    authentication: Authentication | undefined,
    private readonly guard: AccessGuard<unknown>,
    private readonly plan: unknown,
  ) {
    this.authType = authentication?.authType;
    this.token = authentication?.token;
    this.user = authentication?.user as User | undefined;
    this.userId = authentication?.userId;
    this.principal = authentication?.principal ?? ANONYMOUS;
  }

  /** Whether the caller is authenticated, as a user or an application. */
  get isAuthenticated(): boolean {
    return this.principal.kind !== 'anonymous';
  }

  /** The application that the token was issued to, if it is registered here; one of a foreign issuer's is in `token`. */
  get application():
    | {
        /** The client identifier. */
        readonly clientId: string;
        /** The name that people see. */
        readonly name: string;
      }
    | undefined {
    const { clientId } = this;
    return clientId === undefined ? undefined : { clientId, name: this.token?.applicationName ?? clientId };
  }

  /** The client identifier of `application`. */
  get clientId(): string | undefined {
    return this.token === undefined ? undefined : ownClientIdOf(this.token);
  }

  /** Names the application that the token was issued to, wherever it is registered: `client:shop`, `client@issuer|shop`. */
  get clientKey(): string | undefined {
    const clientId = this.token?.clientId;
    return clientId === undefined ? undefined : principalKey('client', clientId, this.token?.issuer);
  }

  /** SHA-256 of the token, base64url. */
  get tokenKey(): string | undefined {
    return this.token?.key;
  }

  /** The scopes of the token; empty without one. */
  get scopes(): readonly string[] {
    return this.token?.scopes ?? NO_SCOPES;
  }

  /** The request's method, upper case. */
  get method(): string {
    return this.context.method;
  }

  /** The query, parsed. */
  get query(): ParsedUrlQuery {
    return this.context.query;
  }

  /** The header fields, with lower-case names. */
  get headers(): IncomingHttpHeaders {
    return this.context.headers;
  }

  /** The same as `context`, under the name that throttle functions use. */
  get request(): Context {
    return this.context;
  }

  /** The caller's address as a key, e.g. `ip:203.0.113.5`, by the options `address` and `trustedProxies`. */
  address(): string {
    return this.guard.address(this.context);
  }

  /**
   * The time by which tokens end, in milliseconds since the Unix epoch: that of the option `clock`. A permission that depends
   * on the time asks here, so that tests can move it.
   */
  nowMilliseconds(): number {
    return this.guard.nowMilliseconds();
  }

  /** Whether the token has all of these scopes. */
  hasScopes(scopes: Iterable<ScopeName>): boolean {
    const token = this.token;
    if (token === undefined) return false;
    for (const scope of scopes) if (!token.scopeSet.has(scope)) return false;
    return true;
  }

  /**
   * Checks the action's permissions for a loaded entity (`hasObjectPermission`). An entity that was not found (`undefined`
   * or `null`) ends the request as an action without a result does: with 404, or what `@OnUndefined` says.
   *
   * @throws AccessDeniedError (403), InsufficientScopeError (403) or AuthenticationRequiredError (401) if one refuses
   */
  checkObject(object: unknown): Promise<void> {
    return this.guard.checkObject(this, this.plan, object);
  }

  /** @internal Completes an error that is thrown from inside the action with the fields of its response. */
  refused(error: unknown): Error {
    return this.guard.refused(this, this.plan, error);
  }
}

// Permissions and the functions of throttles take it apart.
makeDetachable(RequestAccess.prototype, ['refused']);
