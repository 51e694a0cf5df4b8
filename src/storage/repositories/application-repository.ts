import { type QueryBuilder, type RawBuilder, raw } from 'objection';
import { type Clock, systemClock } from '../../core/clock.js';
import { sha256 } from '../../core/digest.js';
import { ConfigurationError } from '../../core/errors.js';
import { optionPath, refuseOption } from '../../core/options/index.js';
import { isGeneratedSecret } from '../../core/secret-strength.js';
import { generateTokenValue, type RandomBytes, systemRandomBytes } from '../../core/token-value.js';
import { orUnavailable, retryContention } from '../database-errors.js';
import { requireUserId } from '../ids.js';
import type { Application } from '../models/application.js';
import { LIFETIME_NAMES } from '../models/application-lifetimes.js';
import { checkedOverlap, overlapColumns } from '../models/application-secrets.js';
import {
  type ApplicationPatch,
  type ApplicationRules,
  isClientId,
  type NewApplication,
} from '../models/new-application.js';
import type { OAuth2Models } from '../models/oauth2-models.js';
import { isReadable, readable } from '../readable-rows.js';
import { type DocumentedApplication, storeDocumented } from './application-documents.js';
import { patchedColumns } from './application-patch.js';
import { type ApplicationFilter, searchApplications } from './application-search.js';
import { type ClearedTrust, ownersEdit, staffsColumns } from './application-trust.js';
import { type Conditions, isExactly } from './exact-text.js';
import type { Page } from './page.js';
import { deleteRowsOf } from './rows-of-application.js';

/** A newly registered application. */
export interface CreatedApplication {
  /** The application as it is stored. */
  readonly application: Application;
  /** The secret of a confidential application: returned only this once, and stored only as a hash. */
  readonly clientSecret: string | undefined;
}

/** What the repository works with. */
export interface ApplicationRepositoryOptions extends ApplicationRules {
  readonly clock?: Clock;
  readonly random?: RandomBytes;
  /** Drops an application from every cache; called after the change in the database. */
  readonly invalidate?: (application: Application) => Promise<void>;
  /** Called when an application got a new secret, with the time for which the previous one stays valid. */
  readonly secretRotated?: (application: Application, overlapSeconds: number) => void;
  /** Called when an edit by its owner removed the trust of staff in an application. */
  readonly trustCleared?: (application: Application, cleared: readonly ClearedTrust[]) => void;
}

/** Who may do it. */
export interface OwnerOption {
  /**
   * Only if this user owns the application; otherwise it is treated as missing. The condition is part of the statement,
   * so it also holds if the owner changes meanwhile.
   */
  readonly ownedBy?: string;
}

/** What happens to the secret when a new one is created. */
export interface SecretOverlapOption {
  /**
   * For how many seconds the previous secret stays valid, so that the new one can be rolled out; the default is 0, at
   * most 90 days.
   */
  readonly overlapSeconds?: number | undefined;
}

/**
 * Operations on applications. Every method rejects with `TemporarilyUnavailableError` if the database cannot answer;
 * `disable`, `enable` and `delete` also if the caches could not be invalidated, and may then be called again.
 *
 * @example
 * ```ts
 * import type { OAuth2 } from 'routing-controllers-oauth2';
 *
 * // Registers an application; its secret is shown this once.
 * export async function register(oauth2: OAuth2, name: string): Promise<string | undefined> {
 *   const { application, clientSecret } = await oauth2.applications.create({
 *     name,
 *     grantTypes: ['client_credentials'],
 *     scopes: ['books:read'],
 *   });
 *   console.log(application.clientId);
 *   return clientSecret;
 * }
 * ```
 */
export class ApplicationRepository {
  private readonly clock: Clock;
  private readonly random: RandomBytes;
  private readonly invalidate: (application: Application) => Promise<void>;
  private readonly rules: ApplicationRules;
  private readonly secretRotated: NonNullable<ApplicationRepositoryOptions['secretRotated']>;
  private readonly trustCleared: NonNullable<ApplicationRepositoryOptions['trustCleared']>;

  /** @internal */
  constructor(
    private readonly models: OAuth2Models,
    options: ApplicationRepositoryOptions = {},
  ) {
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? systemRandomBytes;
    this.invalidate = options.invalidate ?? (() => Promise.resolve());
    this.rules = { redirectUriSchemes: options.redirectUriSchemes };
    this.secretRotated = options.secretRotated ?? (() => undefined);
    this.trustCleared = options.trustCleared ?? (() => undefined);
  }

  /** The application with exactly this client identifier, disabled or not, if its row can be understood. */
  async findByClientId(clientId: string): Promise<Application | undefined> {
    return readable(await this.rowOf(clientId));
  }

  /** Whether there is an application with exactly this client identifier, also if its row cannot be understood. */
  async exists(clientId: string): Promise<boolean> {
    return (await this.rowOf(clientId)) !== undefined;
  }

  private rowOf(clientId: string): Promise<Application | undefined> {
    // An invalid identifier is not looked up, because a database may refuse it (NUL on PostgreSQL).
    if (!isClientId(clientId)) return Promise.resolve(undefined);
    return orUnavailable(async () => {
      const application = await this.models.Application.query().findOne('client_id', clientId);
      // A host's own table may ignore case, and MySQL ignores trailing spaces.
      return application?.clientId === clientId ? application : undefined;
    });
  }

  /**
   * Registers an application.
   *
   * @throws ConfigurationError if it is invalid, or its `clientId` is taken
   */
  create(application: NewApplication): Promise<CreatedApplication> {
    return retryContention(async () => {
      try {
        return await this.models.Application.create(application, {
          clock: this.clock,
          random: this.random,
          ...this.rules,
        });
      } catch (error) {
        const { clientId } = application;
        if (clientId === undefined || error instanceof ConfigurationError || !(await this.isTaken(clientId)))
          throw error;
        refuseOption('application.clientId', clientId, 'it is taken; use another, or omit it', { name: true });
      }
    });
  }

  /**
   * Stores what a client id metadata document says about its application, and until when that is used.
   *
   * @internal
   */
  storeDocumented(application: DocumentedApplication, untilMilliseconds: number): Promise<Application | undefined> {
    const { models, clock, rules, trustCleared } = this;
    return storeDocumented(
      {
        ...{ models, clock, rules, trustCleared },
        create: (one: NewApplication) => this.create(one),
        find: (clientId: string) => this.findByClientId(clientId),
        change: ({ id, updatedAtMilliseconds }: Application, columns: Readonly<Record<string, unknown>>) =>
          this.change(id, columns, {}, (query) => {
            query.where('updated_at_ms', updatedAtMilliseconds);
          }),
      },
      application,
      untilMilliseconds,
    );
  }

  /** All applications, or those that a user owns, in the order of their registration. */
  list(filter: { readonly userId?: string } = {}): Promise<Application[]> {
    if (filter.userId !== undefined) requireUserId(filter.userId);
    return orUnavailable(async () => {
      const query = this.models.Application.query().orderBy('id');
      const applications = await (filter.userId === undefined ? query : query.where('user_id', filter.userId));
      const found = applications.filter(({ userId }) => filter.userId === undefined || userId === filter.userId);
      return found.filter(isReadable);
    });
  }

  /**
   * The applications that match a filter, newest first; the next page begins before the last `id`. For staff: it does
   * not check the owner.
   *
   * @throws TypeError if the filter or the page is out of range
   */
  search(filter: ApplicationFilter = {}, page: Page = {}): Promise<Application[]> {
    return searchApplications(this.models, filter, page);
  }

  /**
   * Changes the given properties and keeps the others. With `ownedBy` it is an edit by the owner: changing anything but
   * the name removes the trust of staff in the application. Without it, it is an edit by staff: scopes and grant types
   * that are given apply in addition to what the options allow the application's registrar.
   *
   * @returns the application as it is now, or `undefined` if there is none
   * @throws ConfigurationError if the resulting application is invalid
   */
  async update(clientId: string, patch: ApplicationPatch, options: OwnerOption = {}): Promise<Application | undefined> {
    for (;;) {
      const stored = await this.find(clientId, options);
      if (stored === undefined) return undefined;
      if (options.ownedBy !== undefined) refuseLifetimes(patch);
      const columns = patchedColumns(stored, patch, this.rules);
      const edit =
        options.ownedBy === undefined
          ? { columns: staffsColumns(stored, columns), cleared: [] }
          : ownersEdit(stored, columns, this.clock.nowMilliseconds());
      // The consequences of the edit were decided for the stored state, so it applies only to that.
      const changed = await this.change(
        stored.id,
        { ...patch.extra, ...columns, ...edit.columns },
        options,
        (query) => {
          if (options.ownedBy !== undefined) query.where('updated_at_ms', stored.updatedAtMilliseconds);
        },
      );
      if (!changed && options.ownedBy !== undefined) continue;
      const now = changed ? await this.findByClientId(clientId) : undefined;
      if (now !== undefined && edit.cleared.length > 0) this.trustCleared(now, edit.cleared);
      return now;
    }
  }

  /**
   * Gives a confidential application a new secret. The previous one, also an imported one, becomes invalid immediately,
   * or stays valid for `overlapSeconds`; an older one is dropped.
   *
   * @returns the secret, returned only this once, or `undefined` if there is no such application
   * @throws ConfigurationError if the application has no secret: it is public, or authenticates with keys
   */
  async rotateSecret(clientId: string, options: OwnerOption & SecretOverlapOption = {}): Promise<string | undefined> {
    const overlapSeconds = checkedOverlap(options.overlapSeconds);
    for (;;) {
      const application = await this.find(clientId, options);
      if (application === undefined) return undefined;
      refuseWithoutSecret(application);
      const secret = generateTokenValue(this.random);
      const expiresAtMilliseconds =
        overlapSeconds === 0 ? undefined : this.clock.nowMilliseconds() + overlapSeconds * 1000;
      const columns = {
        clientSecretHash: sha256(secret),
        clientSecretImported: null,
        ...overlapColumns(application, expiresAtMilliseconds),
      };
      // The stored secret must be the one that was read: after another rotation in between, it would not be the
      // previous one.
      const changed = await this.change(application.id, columns, options, (query) => {
        query.where('updated_at_ms', application.updatedAtMilliseconds);
      });
      if (!changed) continue;
      this.secretRotated(application, overlapSeconds);
      return secret;
    }
  }

  /**
   * Stores an imported secret that was just verified as its SHA-256, like generated ones, so that checking it costs
   * almost nothing from now on; but only if it looks generated: one that a person may have chosen could be guessed from
   * a fast hash if the database leaked, and stays under PBKDF2. Nothing is stored if the secret was replaced meanwhile.
   *
   * @returns whether this call did it
   */
  async rehashImportedSecret(application: Application, secret: string): Promise<boolean> {
    const { id, clientSecretHash, clientSecretImported } = application;
    if (!clientSecretImported || clientSecretHash || !isGeneratedSecret(secret)) return false;
    const columns = { clientSecretHash: sha256(secret), clientSecretImported: null };
    return this.change(id, columns, {}, (query) => {
      query.whereNull('client_secret_hash');
      isExactly(query, 'client_secret_imported', clientSecretImported);
    });
  }

  /** Disables an application: its tokens are refused in every process. Resolves to whether this call did it. */
  async disable(clientId: string): Promise<boolean> {
    const application = await this.rowOf(clientId);
    return application !== undefined && this.setDisabled(application, this.clock.nowMilliseconds());
  }

  /** Enables an application again; resolves to whether this call did it. */
  async enable(clientId: string): Promise<boolean> {
    const application = await this.rowOf(clientId);
    return application !== undefined && this.setDisabled(application, null);
  }

  /**
   * Deletes an application with all its tokens, codes and consents; resolves to whether there was one. With very many
   * tokens it takes a while, in short statements. After a failure the application is disabled; call it again.
   */
  async delete(clientId: string, options: OwnerOption = {}): Promise<boolean> {
    for (;;) {
      const application = await this.findRow(clientId, options);
      if (application === undefined) return false;
      // Disabled first, so that nothing is issued and no cache filled between the invalidation and the deletion.
      await this.setDisabled(application, this.clock.nowMilliseconds(), options);
      // The owner may have changed before that.
      if ((await this.findRow(clientId, options)) === undefined) return false;
      await deleteRowsOf(this.models, application.id);
      const deleted = await retryContention(async () =>
        // Whoever enabled it meanwhile let caches be filled, so it is done again.
        this.models.Application.query()
          .where('id', application.id)
          .whereNotNull('disabled_at_ms')
          .modify(ownedBy, options)
          .delete(),
      );
      if (deleted === 1) return true;
    }
  }

  private async find(clientId: string, options: OwnerOption): Promise<Application | undefined> {
    return readable(await this.findRow(clientId, options));
  }

  /** Also if it cannot be understood, so that it can be disabled and deleted. */
  private async findRow(clientId: string, options: OwnerOption): Promise<Application | undefined> {
    const owner = options.ownedBy;
    if (owner !== undefined) requireUserId(owner, 'ownedBy');
    const application = await this.rowOf(clientId);
    // A host's own table may ignore case; here `bob` is not `Bob`.
    return owner === undefined || application?.userId === owner ? application : undefined;
  }

  private async setDisabled(
    application: Application,
    disabledAtMilliseconds: number | null,
    options: OwnerOption = {},
  ): Promise<boolean> {
    const changed = await this.change(application.id, { disabledAtMilliseconds }, options, (query) => {
      if (disabledAtMilliseconds === null) query.whereNotNull('disabled_at_ms');
      else query.whereNull('disabled_at_ms');
    });
    // Even if it was so before: the earlier caller may not have been able to invalidate the caches.
    await this.invalidate(application);
    return changed;
  }

  private change(
    id: number,
    columns: Readonly<Record<string, unknown>>,
    options: OwnerOption,
    only: (query: QueryBuilder<Application, number>) => void = () => {},
  ): Promise<boolean> {
    return retryContention(async () => {
      const query = this.models.Application.query().where('id', id).modify(ownedBy, options);
      const change = query.patch({ ...columns, updatedAtMilliseconds: laterThanBefore(this.clock.nowMilliseconds()) });
      only(change);
      return (await change) === 1;
    });
  }

  private async isTaken(clientId: string): Promise<boolean> {
    return (await this.models.Application.query().where('client_id', clientId).resultSize()) > 0;
  }
}

/** Lifetimes are for staff and the host to set: an owner could make tokens live longer than the server's default. */
function refuseLifetimes(patch: ApplicationPatch): void {
  for (const name of LIFETIME_NAMES) {
    if (patch[name] === undefined) continue;
    refuseOption(optionPath('application', name), patch[name], 'the owner may not change it; omit it');
  }
}

function refuseWithoutSecret(application: Application): void {
  const { clientId } = application;
  if (application.clientType === 'public') {
    throw new ConfigurationError(`The application "${clientId}" is public (RFC 6749 §2.1): it has no secret.`);
  }
  if (application.hasKeys()) {
    throw new ConfigurationError(`The application "${clientId}" authenticates with keys: it has no secret.`);
  }
}

/** Two states of a row never have the same time, even within a millisecond or if the clock was set back. */
function laterThanBefore(nowMilliseconds: number): RawBuilder {
  return raw('CASE WHEN updated_at_ms < ? THEN ? ELSE updated_at_ms + 1 END', [nowMilliseconds, nowMilliseconds]);
}

function ownedBy(query: Conditions, { ownedBy: owner }: OwnerOption): void {
  if (owner !== undefined) isExactly(query, 'user_id', owner);
}
