import { isDuplicate, orUnavailable, retryContention } from '../database-errors.js';
import type { Application } from '../models/application.js';
import { type ApplicationRules, applicationColumns, type NewApplication } from '../models/new-application.js';
import type { OAuth2Models } from '../models/oauth2-models.js';

/** The secret of an application of another server, as it is stored here; both `null`: it has none that works here. */
export interface ImportedSecret {
  readonly clientSecretHash: Buffer | null;
  readonly clientSecretImported: string | null;
}

/** An application of another server. */
export interface ImportedApplication extends NewApplication {
  readonly clientId: string;
  readonly secret: ImportedSecret;
  /** When it was registered there, and last changed, in milliseconds since the Unix epoch. */
  readonly createdAtMilliseconds: number;
  readonly updatedAtMilliseconds: number;
}

/** Applications that come from another server, in batches. */
export class ImportedApplications {
  constructor(
    private readonly models: OAuth2Models,
    private readonly rules: ApplicationRules = {},
  ) {}

  /** The applications that are here already, by client identifier. */
  find(clientIds: readonly string[]): Promise<ReadonlyMap<string, Application>> {
    const wanted = new Set(clientIds);
    if (wanted.size === 0) return Promise.resolve(new Map());
    return orUnavailable(async () => {
      const found = await this.models.Application.query().whereIn('client_id', [...wanted]);
      // A database may compare without case, or without trailing spaces.
      return new Map(found.filter(({ clientId }) => wanted.has(clientId)).map((one) => [one.clientId, one]));
    });
  }

  /**
   * Checks an application as a registration here is checked.
   *
   * @throws ConfigurationError naming what is wrong
   */
  check(application: NewApplication): void {
    applicationColumns(application, this.rules);
  }

  /** Stores an application. Resolves to `false`, with nothing stored, if there is one with its identifier. */
  insert(application: ImportedApplication): Promise<boolean> {
    const { Application } = this.models;
    const row = {
      ...this.columnsOf(application),
      clientId: application.clientId,
      previousClientSecretHash: null,
      previousClientSecretImported: null,
      previousSecretExpiresAtMilliseconds: null,
      disabledAtMilliseconds: null,
      createdAtMilliseconds: application.createdAtMilliseconds,
      updatedAtMilliseconds: application.updatedAtMilliseconds,
    };
    return retryContention(async () => {
      try {
        await Application.query().insert(row);
        return true;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    });
  }

  /**
   * Overwrites what is here with the state of the other server, unless it was changed here since it was read. Whether
   * it is disabled, its scopes and its lifetimes stay as they are.
   */
  overwrite(stored: Application, application: ImportedApplication): Promise<boolean> {
    const { scope: _scope, mayIntrospect: _mayIntrospect, ...columns } = this.columnsOf(application);
    const kept = Object.fromEntries(
      Object.entries(columns).filter(([name]) => !/(?:Lifetime|Idle)Seconds$/.test(name)),
    );
    const updatedAtMilliseconds = Math.max(application.updatedAtMilliseconds, stored.updatedAtMilliseconds + 1);
    return retryContention(async () => {
      const query = this.models.Application.query()
        .where('id', stored.id)
        .where('updated_at_ms', stored.updatedAtMilliseconds);
      return (await query.patch({ ...kept, updatedAtMilliseconds })) === 1;
    });
  }

  private columnsOf(application: ImportedApplication) {
    return { ...applicationColumns(application, this.rules), ...application.secret };
  }
}
