import type { Application } from '../storage/index.js';
import type { UserReference } from './user-reference.js';

/** An application: its client identifier, or the model. */
export type ApplicationReference = string | Application;

/** The owner of tokens: a user, an application, or a user at an application. */
export interface TokenOwner {
  /** A user, or its id. */
  readonly user?: UserReference;
  /** An application, or its client identifier. */
  readonly application?: ApplicationReference;
}

/** The parameters of `revokeAllOf`: whose tokens, and whether the user's browser sessions end too. */
export interface RevokedOwner extends TokenOwner {
  /**
   * Whether the user's browser sessions at the authorization server end as well, since they could get new tokens
   * otherwise. Default: `true` for a user without an application; not allowed with an application.
   */
  readonly sessions?: boolean;
}
