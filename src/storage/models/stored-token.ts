import { Model, type RelationMappings, type Transaction } from 'objection';
import { parseScope, type ScopeDescriptions } from '../../core/scopes.js';
import { Application } from './application.js';
import { StoredModel } from './stored-model.js';

/**
 * What access tokens and refresh tokens share. The token itself is nowhere: only its SHA-256.
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
  /** A JSON list of whom it is meant for (RFC 8707); `null`: it names no audience. */
  audience!: string | null;
  /** Tokens that came from one authorization share it: base64url of 16 random bytes. */
  familyId!: string | null;
  expiresAtMilliseconds!: number;
  createdAtMilliseconds!: number;
  revokedAtMilliseconds!: number | null;
  /** JSON of the authorization server. */
  payload!: string | null;
  /** Present if the relation was loaded. */
  application?: Application | null;

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

  /** The scopes, each once, in their order. A fresh list each time. */
  get scopes(): string[] {
    return parseScope(this.scope);
  }

  /** @param nowMilliseconds milliseconds since the Unix epoch */
  isExpired(nowMilliseconds: number = Date.now()): boolean {
    return this.expiresAtMilliseconds <= nowMilliseconds;
  }

  isRevoked(): boolean {
    return this.revokedAtMilliseconds !== null && this.revokedAtMilliseconds !== undefined;
  }

  /**
   * Whether it is good now: not expired, not revoked, its application (if loaded) not disabled, and with all of these
   * scopes; none = any.
   */
  isValid(scopes: Iterable<string> = [], nowMilliseconds: number = Date.now()): boolean {
    if (this.isExpired(nowMilliseconds) || this.isRevoked()) return false;
    return this.application?.isDisabled() !== true && this.allowScopes(scopes);
  }

  /** Whether it has all of these scopes; none = true. */
  allowScopes(scopes: Iterable<string>): boolean {
    const own = new Set(this.scopes);
    return [...scopes].every((scope) => own.has(scope));
  }

  /** Its scopes with what a person is told of them; a scope without description stands for itself. */
  scopeDescriptions(descriptions: ScopeDescriptions = {}): Record<string, string> {
    return Object.fromEntries(
      this.scopes.map((scope) => [scope, (Object.hasOwn(descriptions, scope) && descriptions[scope]) || scope]),
    );
  }

  /**
   * Revokes it in the database; answers whether this call did it. Caches are told by `TokenService.revoke`, not here.
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
