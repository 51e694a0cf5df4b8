import type { ScopeName } from '../core/register.js';
import type { AccessToken } from '../storage/index.js';
import type { ApplicationReference } from './token-owner.js';
import type { UserReference } from './user-reference.js';

/** What a token is issued for. */
export interface IssueOptions {
  /** The user for whom it acts; without one it acts for the application alone. */
  readonly user?: UserReference;
  /** The application that the token belongs to. */
  readonly application: ApplicationReference;
  /** A scope, or a list of scopes. Without `Register` also a `scope` value: names separated by spaces. */
  readonly scope: ScopeName | readonly ScopeName[];
  /**
   * Default: `accessTokenLifetimeSeconds` of the application, else of the options. A negative value gives an expired
   * token, for tests.
   */
  readonly lifetimeSeconds?: number;
}

/** An issued token in the shape of RFC 6749 §5.1. The token is returned only this once; only its SHA-256 is stored. */
export interface IssuedToken {
  /** The token. It is not stored and cannot be read again. */
  readonly access_token: string;
  /** Always `Bearer`. */
  readonly token_type: 'Bearer';
  /** How long it is valid, in seconds. */
  readonly expires_in: number;
  /** Its scopes, separated by spaces. */
  readonly scope: string;
  /** The stored row; not enumerable, so that it is never serialized. */
  readonly model: AccessToken;
}
