import { type Clock, systemClock } from '../../core/clock.js';
import { declaredScopes, formatScope, parseScope } from '../../core/scopes.js';
import { orUnavailable, retryContention } from '../database-errors.js';
import { requireUserId } from '../ids.js';
import type { Application } from '../models/application.js';
import type { Consent } from '../models/consent.js';
import type { OAuth2Models } from '../models/oauth2-models.js';
import { isReadable } from '../readable-rows.js';

/** The scopes that a user has granted to an application, with the application. */
export interface GrantedConsent {
  readonly application: Application;
  /** In the order in which they were granted, followed by those granted without asking. */
  readonly scopes: readonly string[];
  /** Whether the user was asked for all of them. */
  readonly wasAsked: boolean;
  readonly createdAtMilliseconds: number;
  readonly updatedAtMilliseconds: number;
}

/** The column for scopes that the user was asked about, or for those granted without asking. */
type ScopeColumn = 'scope' | 'unaskedScope';

const COLUMN_NAMES: Readonly<Record<ScopeColumn, string>> = { scope: 'scope', unaskedScope: 'unasked_scope' };

/**
 * The consents of users: one row per pair of user and application. Every method rejects with
 * `TemporarilyUnavailableError` if the database cannot answer.
 */
export class ConsentRepository {
  private readonly clock: Clock;

  constructor(
    private readonly models: OAuth2Models,
    options: { readonly clock?: Clock } = {},
  ) {
    this.clock = options.clock ?? systemClock;
  }

  /** The scopes that a user was asked about and has granted to an application. */
  async find(userId: string, applicationId: number): Promise<readonly string[]> {
    const consent = await orUnavailable(() => this.row(requireUserId(userId), applicationId));
    return scopesIn(consent?.scope);
  }

  /**
   * Adds scopes that a user grants to an application to those granted before. Concurrent calls are not lost.
   *
   * @returns all scopes that the user grants now
   */
  remember(userId: string, applicationId: number, scopes: readonly string[]): Promise<readonly string[]> {
    return this.add(userId, applicationId, 'scope', scopes);
  }

  /**
   * Records scopes granted without asking the user, so that they are shown to the user and can be withdrawn. They are
   * not a consent: `find` does not return them.
   *
   * @returns all scopes granted in this way
   */
  rememberUnasked(userId: string, applicationId: number, scopes: readonly string[]): Promise<readonly string[]> {
    return this.add(userId, applicationId, 'unaskedScope', scopes);
  }

  /** The consents of a user, each with its application, in the order in which they were first given. */
  list(userId: string): Promise<GrantedConsent[]> {
    requireUserId(userId);
    return orUnavailable(async () => {
      const consents = await this.models.Consent.query().where('user_id', userId).orderBy('id');
      // MySQL ignores trailing spaces in comparisons: the list of a user must contain only that user's own consents.
      const own = consents.filter((consent) => consent.userId === userId);
      const ids = own.map((consent) => consent.applicationId);
      const applications = ids.length === 0 ? [] : await this.models.Application.query().whereIn('id', ids);
      const byId = new Map(applications.filter(isReadable).map((application) => [application.id, application]));
      return own.flatMap((consent) => {
        const application = byId.get(consent.applicationId);
        if (application === undefined) return [];
        const { createdAtMilliseconds, updatedAtMilliseconds } = consent;
        const asked = scopesIn(consent.scope);
        const scopes = [...new Set([...asked, ...scopesIn(consent.unaskedScope)])];
        return [
          {
            application,
            scopes,
            wasAsked: scopes.length === asked.length,
            createdAtMilliseconds,
            updatedAtMilliseconds,
          },
        ];
      });
    });
  }

  /**
   * Removes the consent of a user to an application. Of any number of calls, exactly one resolves to `true`. It does
   * not revoke tokens: do that first, with `TokenRepository.revokeAllOf`.
   */
  withdraw(userId: string, applicationId: number): Promise<boolean> {
    requireUserId(userId);
    return retryContention(async () => {
      const stored = await this.row(userId, applicationId);
      if (stored === undefined) return false;
      return (await this.models.Consent.query().deleteById(stored.id)) === 1;
    });
  }

  private async row(userId: string, applicationId: number): Promise<Consent | undefined> {
    const consents = await this.models.Consent.query().where({ user_id: userId, application_id: applicationId });
    return consents.find((consent) => consent.userId === userId);
  }

  private add(
    userId: string,
    applicationId: number,
    column: ScopeColumn,
    scopes: readonly string[],
  ): Promise<readonly string[]> {
    requireUserId(userId);
    declaredScopes(scopes, 'scopes');
    return retryContention(async () => {
      for (;;) {
        const stored = await this.row(userId, applicationId);
        const before = scopesIn(stored?.[column]);
        const all = [...new Set([...before, ...scopes])];
        if (stored !== undefined && all.length === before.length) return all;
        const written =
          stored === undefined
            ? await this.insert(userId, applicationId, { scope: '', [column]: formatScope(all) })
            : await this.replace(stored, column, all);
        // Another call was faster: what it wrote is merged too.
        if (written) return all;
      }
    });
  }

  private async insert(
    userId: string,
    applicationId: number,
    columns: Pick<Consent, 'scope'> & Partial<Pick<Consent, ScopeColumn>>,
  ): Promise<boolean> {
    const now = this.clock.nowMilliseconds();
    try {
      await this.models.Consent.query().insert({
        userId,
        applicationId,
        ...columns,
        createdAtMilliseconds: now,
        updatedAtMilliseconds: now,
      });
      return true;
    } catch (error) {
      if ((await this.row(userId, applicationId)) === undefined) throw error;
      return false;
    }
  }

  /** Only if the row is still as it was read: the condition determines the winner. */
  private async replace(stored: Consent, column: ScopeColumn, scopes: readonly string[]): Promise<boolean> {
    const name = COLUMN_NAMES[column];
    const read = stored[column] ?? null;
    const query = this.models.Consent.query().where('id', stored.id);
    if (read === null) query.whereNull(name);
    else query.where(name, read);
    return (
      (await query.patch({ [column]: formatScope(scopes), updatedAtMilliseconds: this.clock.nowMilliseconds() })) === 1
    );
  }
}

/** The scopes in a column. What is no text names none, so that the user is asked again. */
function scopesIn(column: unknown): readonly string[] {
  return typeof column === 'string' ? parseScope(column) : [];
}
