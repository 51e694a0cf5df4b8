import { Model, type RelationMappings, type Transaction } from 'objection';
import { parseScope, type ScopeDescriptions } from '../../core/scopes.js';
import { Application } from './application.js';
import { StoredModel } from './stored-model.js';

/**
 * The base of access tokens and refresh tokens. The token itself is not stored, only its SHA-256.
 *
 * @example
 * ```ts
 * import type { StoredToken } from 'routing-controllers-oauth2/storage';
 *
 * // Whether a stored token is good now, for these scopes.
 * export const isGood = (token: StoredToken, scopes: readonly string[]): boolean => token.isValid(scopes);
 * ```
 */
export abstract class StoredToken extends StoredModel {
  /** The model of the `application` relation. */
  static applicationModel: typeof Application = Application;
  static override numericProperties: readonly string[] = ['applicationId'];
  static override hiddenProperties: readonly string[] = ['tokenHash', 'payload'];

  /** SHA-256 of the token, 32 bytes. */
  tokenHash!: Buffer;
  /** The row id of the application; `null` for a token without one. */
  applicationId!: number | null;
  /** The id of the user it acts for; `null` for client credentials. */
  userId!: string | null;
  /** Scopes, separated by spaces. */
  scope!: string;
  /** Its audience as a JSON list (RFC 8707); `null`: none. */
  audience!: string | null;
  /** The same for all tokens of one authorization: base64url of 16 random bytes. */
  familyId!: string | null;
  /** When it expires, in milliseconds since the Unix epoch. */
  expiresAtMilliseconds!: number;
  /** When it was issued, in milliseconds since the Unix epoch. */
  createdAtMilliseconds!: number;
  /** When it was revoked, in milliseconds since the Unix epoch; `null`: it was not. */
  revokedAtMilliseconds!: number | null;
  /** JSON of the authorization server. */
  payload!: string | null;
  /** Present if the relation was loaded. */
  application?: Application | null;

  /** The relation `application`. */
  static override get relationMappings(): RelationMappings {
    // biome-ignore lint/complexity/noThisInStatic: a host's subclass has its own table.
    const { tableName, applicationModel } = this;
    return {
      application: {
        relation: Model.BelongsToOneRelation,
        modelClass: applicationModel,
        join: { from: `${tableName}.application_id`, to: `${applicationModel.tableName}.id` },
      },
    };
  }

  /** The scopes without duplicates, in their order; a new list each time. */
  get scopes(): string[] {
    return parseScope(this.scope);
  }

  /**
   * Whether it has expired.
   *
   * @param nowMilliseconds milliseconds since the Unix epoch; now if it is left out
   */
  isExpired(nowMilliseconds: number = Date.now()): boolean {
    return this.expiresAtMilliseconds <= nowMilliseconds;
  }

  /** Whether it was revoked. */
  isRevoked(): boolean {
    return this.revokedAtMilliseconds !== null && this.revokedAtMilliseconds !== undefined;
  }

  /**
   * Whether it is valid now: not expired, not revoked, its application (if loaded) not disabled, and with all of these
   * scopes, if any.
   */
  isValid(scopes: Iterable<string> = [], nowMilliseconds: number = Date.now()): boolean {
    if (this.isExpired(nowMilliseconds) || this.isRevoked()) return false;
    return this.application?.isDisabled() !== true && this.allowScopes(scopes);
  }

  /** Whether it has all of these scopes; `true` if none are given. */
  allowScopes(scopes: Iterable<string>): boolean {
    const own = new Set(this.scopes);
    return [...scopes].every((scope) => own.has(scope));
  }

  /** Its scopes with their descriptions; the name of a scope without one is used instead. */
  scopeDescriptions(descriptions: ScopeDescriptions = {}): Record<string, string> {
    return Object.fromEntries(
      this.scopes.map((scope) => [scope, (Object.hasOwn(descriptions, scope) && descriptions[scope]) || scope]),
    );
  }

  /**
   * Revokes it in the database; resolves to whether this call did it. It does not invalidate caches, unlike
   * `TokenService.revoke`.
   *
   * @param nowMilliseconds milliseconds since the Unix epoch
   */
  async revoke(nowMilliseconds: number = Date.now(), transaction?: Transaction): Promise<boolean> {
    const model = this.constructor as typeof StoredToken & (new () => StoredToken);
    const changed = await model
      .query(transaction)
      .findById(this.id)
      .whereNull('revoked_at_ms')
      .patch({ revokedAtMilliseconds: nowMilliseconds });
    if (changed === 1) {
      this.revokedAtMilliseconds = nowMilliseconds;
      return true;
    }
    const stored = await model.query(transaction).findById(this.id).select('revoked_at_ms');
    this.revokedAtMilliseconds = stored?.revokedAtMilliseconds ?? nowMilliseconds;
    return false;
  }
}
