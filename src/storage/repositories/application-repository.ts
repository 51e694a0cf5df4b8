import { type Clock, systemClock } from '../../core/clock.js';
import { sha256 } from '../../core/digest.js';
import { ConfigurationError } from '../../core/errors.js';
import { generateTokenValue, type RandomBytes, systemRandomBytes } from '../../core/token-value.js';
import { orUnavailable, retryContention } from '../database-errors.js';
import { requireUserId } from '../ids.js';
import type { Application } from '../models/application.js';
import type { OAuth2Models } from '../models/models.js';
import {
  type ApplicationColumns,
  type ApplicationPatch,
  applicationColumns,
  isClientId,
  type NewApplication,
} from '../models/new-application.js';

/** An application that was just registered. */
export interface CreatedApplication {
  readonly application: Application;
  /** The secret of a confidential application: shown this once, stored as a hash only. */
  readonly clientSecret: string | undefined;
}

/** What the repository works with. */
export interface ApplicationRepositoryOptions {
  readonly clock?: Clock;
  readonly random?: RandomBytes;
  /** Drops what is cached of an application, everywhere; called once the database has the change. */
  readonly invalidate?: (application: Application) => Promise<void>;
}

/**
 * What is done with applications. Every method rejects with `TemporarilyUnavailableError` if the database cannot
 * answer; `disable`, `enable` and `delete` also if the caches could not be told, and may then be called again.
 */
export class ApplicationRepository {
  private readonly clock: Clock;
  private readonly random: RandomBytes;
  private readonly invalidate: (application: Application) => Promise<void>;

  constructor(
    private readonly models: OAuth2Models,
    options: ApplicationRepositoryOptions = {},
  ) {
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? systemRandomBytes;
    this.invalidate = options.invalidate ?? (() => Promise.resolve());
  }

  /** The application with exactly this client identifier, disabled or not. */
  findByClientId(clientId: string): Promise<Application | undefined> {
    // What cannot be an identifier is not asked for: a database may refuse it (NUL on PostgreSQL).
    if (!isClientId(clientId)) return Promise.resolve(undefined);
    return orUnavailable(async () => {
      const application = await this.models.Application.query().findOne('client_id', clientId);
      // A host's own table may compare without case, and MySQL compares without trailing spaces.
      return application?.clientId === clientId ? application : undefined;
    });
  }

  /**
   * Registers an application.
   *
   * @throws ConfigurationError if it cannot be one, or its `clientId` is taken
   */
  create(application: NewApplication): Promise<CreatedApplication> {
    return retryContention(async () => {
      try {
        return await this.models.Application.create(application, { clock: this.clock, random: this.random });
      } catch (error) {
        const { clientId } = application;
        if (clientId === undefined || error instanceof ConfigurationError || !(await this.isTaken(clientId)))
          throw error;
        throw new ConfigurationError(`application.clientId is "${clientId}", which is taken; use another, or none.`, {
          cause: error,
        });
      }
    });
  }

  /** All applications, or those that a user owns, in the order of their registration. */
  list(filter: { readonly userId?: string } = {}): Promise<Application[]> {
    if (filter.userId !== undefined) requireUserId(filter.userId);
    return orUnavailable(async () => {
      const query = this.models.Application.query().orderBy('id');
      const applications = await (filter.userId === undefined ? query : query.where('user_id', filter.userId));
      return applications.filter(({ userId }) => filter.userId === undefined || userId === filter.userId);
    });
  }

  /**
   * Changes what is given and keeps the rest.
   *
   * @returns the application as it is now, or `undefined` if there is none
   * @throws ConfigurationError if the result cannot be an application
   */
  update(clientId: string, patch: ApplicationPatch): Promise<Application | undefined> {
    return retryContention(async () => {
      const stored = await this.findByClientId(clientId);
      if (stored === undefined) return undefined;
      const columns = applicationColumns({ ...asRegistered(stored), ...definedOnly(patch) });
      // Only what the patch names is written, so that two patches of different properties both hold.
      const changes = { ...patch.extra, ...namedColumns(columns, patch), updatedAtMs: this.clock.nowMilliseconds() };
      await this.models.Application.query().findById(stored.id).patch(changes);
      return this.findByClientId(clientId);
    });
  }

  /**
   * Gives a confidential application a new secret; the old one is worthless at once.
   *
   * @returns the secret, shown this once, or `undefined` if there is no such application
   * @throws ConfigurationError if the application is public
   */
  async rotateSecret(clientId: string): Promise<string | undefined> {
    const application = await this.findByClientId(clientId);
    if (application === undefined) return undefined;
    if (application.clientType === 'public') {
      throw new ConfigurationError(`The application "${clientId}" is public (RFC 6749 §2.1): it has no secret.`);
    }
    const secret = generateTokenValue(this.random);
    const changed = await this.change(application.id, { clientSecretHash: sha256(secret) });
    return changed ? secret : undefined;
  }

  /** Disables an application: its tokens are refused everywhere. Resolves to whether this call did it. */
  async disable(clientId: string): Promise<boolean> {
    const application = await this.findByClientId(clientId);
    return application !== undefined && this.setDisabled(application, this.clock.nowMilliseconds());
  }

  /** Enables an application again; resolves to whether this call did it. */
  async enable(clientId: string): Promise<boolean> {
    const application = await this.findByClientId(clientId);
    return application !== undefined && this.setDisabled(application, null);
  }

  /** Deletes an application with all its tokens, codes and consents; resolves to whether there was one. */
  async delete(clientId: string): Promise<boolean> {
    const application = await this.findByClientId(clientId);
    if (application === undefined) return false;
    // Disabled first, so that nothing is issued and no cache filled between the invalidation and the end.
    await this.setDisabled(application, this.clock.nowMilliseconds());
    return retryContention(async () => (await this.models.Application.query().deleteById(application.id)) === 1);
  }

  private async setDisabled(application: Application, disabledAtMs: number | null): Promise<boolean> {
    const changed = await this.change(application.id, { disabledAtMs }, disabledAtMs === null ? 'disabled' : 'enabled');
    // Also if it was so before: whoever did it may not have been able to tell the caches.
    await this.invalidate(application);
    return changed;
  }

  private change(id: number, columns: Partial<Application>, only?: 'enabled' | 'disabled'): Promise<boolean> {
    return retryContention(async () => {
      const query = this.models.Application.query().where('id', id);
      if (only === 'enabled') query.whereNull('disabled_at_ms');
      if (only === 'disabled') query.whereNotNull('disabled_at_ms');
      return (await query.patch({ ...columns, updatedAtMs: this.clock.nowMilliseconds() })) === 1;
    });
  }

  private async isTaken(clientId: string): Promise<boolean> {
    return (await this.models.Application.query().where('client_id', clientId).resultSize()) > 0;
  }
}

/** A stored application in the words of a registration. */
function asRegistered(application: Application): NewApplication {
  return {
    name: application.name,
    clientType: application.clientType,
    grantTypes: words(application.grantTypes),
    redirectUris: words(application.redirectUris),
    scopes: application.scope === null ? null : words(application.scope),
    userId: application.userId,
    skipAuthorization: application.skipAuthorization,
  };
}

function words(column: string): string[] {
  return column.split(' ').filter((word) => word !== '');
}

function definedOnly(patch: ApplicationPatch): ApplicationPatch {
  const { name, grantTypes, redirectUris, scopes, userId, skipAuthorization } = patch;
  const known = { name, grantTypes, redirectUris, scopes, userId, skipAuthorization };
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
}

function namedColumns(columns: ApplicationColumns, patch: ApplicationPatch): Partial<ApplicationColumns> {
  return {
    ...(patch.name !== undefined && { name: columns.name }),
    ...(patch.grantTypes !== undefined && { grantTypes: columns.grantTypes }),
    ...(patch.redirectUris !== undefined && { redirectUris: columns.redirectUris }),
    ...(patch.scopes !== undefined && { scope: columns.scope }),
    ...(patch.userId !== undefined && { userId: columns.userId }),
    ...(patch.skipAuthorization !== undefined && { skipAuthorization: columns.skipAuthorization }),
  };
}
