import { timingSafeEqual } from 'node:crypto';
import type { Pojo, Transaction } from 'objection';
import { type Clock, systemClock } from '../../core/clock.js';
import { sha256 } from '../../core/digest.js';
import { parseScope } from '../../core/scopes.js';
import { generateClientId, generateTokenValue, type RandomBytes, systemRandomBytes } from '../../core/token-value.js';
import { applicationColumns, type NewApplication } from './new-application.js';
import { StoredModel } from './stored-model.js';

/** RFC 6749 §2.1: whether the application can keep a secret. */
export type ClientType = 'confidential' | 'public';

/** What `Application.create` may be told beside the application itself. */
export interface CreateApplicationOptions {
  readonly clock?: Clock;
  readonly random?: RandomBytes;
  readonly transaction?: Transaction;
}

/** Stands in where there is no hash to compare with, so that the comparison takes its time all the same. */
const NO_HASH = Buffer.alloc(32);

/** An application (client) that may be given tokens. */
export class Application extends StoredModel {
  static override tableName = 'oauth2_applications';
  static override booleanProperties: readonly string[] = ['skipAuthorization'];
  static override hiddenProperties: readonly string[] = ['clientSecretHash'];

  /** The client identifier (RFC 6749 §2.2); unique, case-sensitive. */
  clientId!: string;
  /** SHA-256 of the client secret; `null` for a public application. */
  clientSecretHash!: Buffer | null;
  name!: string;
  clientType!: ClientType;
  /** Grant types, separated by spaces. */
  grantTypes!: string;
  /** Redirect URIs, separated by spaces. */
  redirectUris!: string;
  /** The scopes that it may be given, separated by spaces; `null`: any scope that the server knows. */
  scope!: string | null;
  /** The id of the user who owns it. */
  userId!: string | null;
  /** Whether its users are never asked for consent. */
  skipAuthorization!: boolean;
  /** Since when it is disabled, in milliseconds since the Unix epoch. */
  disabledAtMs!: number | null;
  createdAtMs!: number;
  updatedAtMs!: number;

  /**
   * Stores a new application under a generated identifier. The secret of a confidential application is generated
   * too: 256 random bits, answered this once and stored as a hash only.
   *
   * @throws ConfigurationError if the application cannot be one; the message names the option, the value and the fix
   */
  static async create<Class extends typeof Application>(
    this: Class,
    application: NewApplication,
    options: CreateApplicationOptions = {},
  ): Promise<{ application: InstanceType<Class>; clientSecret: string | undefined }> {
    const columns = applicationColumns(application);
    const random = options.random ?? systemRandomBytes;
    const clientSecret = columns.clientType === 'confidential' ? generateTokenValue(random) : undefined;
    const now = (options.clock ?? systemClock).nowMilliseconds();
    const row: Pojo = {
      ...application.extra,
      ...columns,
      clientId: application.clientId ?? generateClientId(random),
      clientSecretHash: clientSecret === undefined ? null : sha256(clientSecret),
      disabledAtMs: null,
      createdAtMs: now,
      updatedAtMs: now,
    };
    // biome-ignore lint/complexity/noThisInStatic: a host's subclass, bound to a knex instance.
    const stored = (await this.query(options.transaction).insert(row)) as InstanceType<Class>;
    return { application: stored, clientSecret };
  }

  isDisabled(): boolean {
    return this.disabledAtMs !== null && this.disabledAtMs !== undefined;
  }

  /** Whether it may be given all of these scopes. */
  allowsScopes(scopes: Iterable<string>): boolean {
    if (this.scope === null || this.scope === undefined) return true;
    const allowed = new Set(parseScope(this.scope));
    return [...scopes].every((scope) => allowed.has(scope));
  }

  allowsGrantType(grantType: string): boolean {
    return this.grantTypes.split(' ').includes(grantType);
  }

  /** Compares in constant time. A public application has no secret: nothing matches. */
  checkSecret(secret: string): boolean {
    // The only place that knows how secrets are stored. A plain digest is enough for 256 random bits.
    const stored = this.clientSecretHash;
    const matches = timingSafeEqual(sha256(secret), stored?.length === 32 ? stored : NO_HASH);
    return matches && stored !== null && stored !== undefined;
  }
}
