import type { Context, Middleware } from 'koa';
import type { RegisteredUser } from '../core/register.js';
import type { UserStore } from '../core/users.js';
import type { Application } from '../storage/index.js';
import type { Sealer } from './keys/sealer.js';
import type { SigningKeys } from './keys/signing-keys.js';
import type { Consents } from './ports.js';
import type { AuthorizationServerDependencies } from './server-dependencies.js';

/** Limits the scopes of a token, in addition to the requested ones. */
export interface ScopeBounds {
  /** The scopes that an application may be given now, by whoever registered it; `undefined`: any that there is. */
  allowedScopes(application: Application): readonly string[] | undefined;
  /**
   * Those of the scopes that a user may let an application have, by `scopesOf` and `mayGrant`.
   *
   * @throws TemporarilyUnavailableError if the host cannot answer
   */
  grantableScopes(userId: string, application: Application, scopes: readonly string[]): Promise<readonly string[]>;
}

/** The authorization server of one configuration. */
export interface AuthorizationServer extends ScopeBounds {
  /** The issuer identifier. */
  readonly issuer: string;
  /** The path below which its endpoints and pages are. */
  readonly prefix: string;
  /** Whether users can sign in: by a password (`authenticate`) or at the host (`login`). @internal */
  readonly signsIn: boolean;
  /** What users have granted. */
  readonly consents: Consents;
  /** The keys that it signs with. */
  readonly signingKeys: SigningKeys;
  /** The id of the session of the browser that a request came from, if it is signed in. @internal */
  sessionIdOf(context: Context): Promise<string | undefined>;
  /**
   * Answers what is for the authorization server, and passes on everything else. It has to come before body parsers and
   * before everything that answers for all paths; `useKoaServer` mounts it so.
   */
  middleware(): Middleware;
}

export const COMPLETE = Symbol('authorization server');

/** What `authorizationServer(options)` gives, for the host's `User`: `createOAuth2` completes it with its own parts. */
export interface AuthorizationServerFactory<User = RegisteredUser> {
  /** The issuer identifier (RFC 8414 §2). */
  readonly issuer: string;
  /** The origin of the issuer; it names the resource that has no other name. */
  readonly origin: string;
  /** The option `redirectUriSchemes`: it holds for applications whoever registers them. @internal */
  readonly redirectUriSchemes?: readonly string[];
  /** The issuer of its JWT access tokens, if it issues any: the guards accept them. @internal */
  readonly jwtIssuer?: string | undefined;
  /** What seals the signing keys, for the command line. @internal */
  readonly sealer: Sealer;
  /** Tokens that `TokenService` issues have the same bounds. @internal */
  scopeBounds(users: UserStore | undefined): ScopeBounds;
  /** There is none: it tells TypeScript whose users its functions take. */
  ofUser?(user: User): void;
  /** For `createOAuth2` only. */
  readonly [COMPLETE]: (dependencies: AuthorizationServerDependencies) => AuthorizationServer;
}
