import type { ImportedBatch, ImportedTokens } from '../../../storage/index.js';
import { isMissingReference } from '../../../storage/index.js';
import type { KnownApplications } from './known-applications.js';
import { TOKEN_REFUSALS } from './reasons.js';
import type { ItemKind, ReportBuilder } from './report.js';
import type { TokenRefusal } from './token-mapping.js';

/** A row as it comes, or why it does not. */
export interface MappedToken<Token> {
  readonly token: Token | { readonly refusal: TokenRefusal };
  /** The client identifier of its application, for the report. */
  readonly clientId: string | undefined;
}

/** Where the stages store tokens; counts what becomes of them. */
export class TokenSink {
  private isAdmitted = false;

  constructor(
    readonly tokens: ImportedTokens,
    readonly applications: KnownApplications,
    private readonly report: ReportBuilder,
    /** Called before the first token is stored. */
    private readonly admitTokens: () => Promise<void>,
  ) {}

  refuse(kind: ItemKind, refusal: TokenRefusal, clientId: string | undefined): void {
    this.report.leaveOut(kind, refusal, TOKEN_REFUSALS[refusal], clientId);
  }

  /**
   * Stores the tokens of a page, and counts.
   *
   * @returns the tokens that were spent at the source after they had come
   */
  async store<Token extends object>(
    kind: ItemKind,
    mapped: readonly MappedToken<Token>[],
    store: (tokens: readonly Token[]) => Promise<ImportedBatch>,
  ): Promise<Token[]> {
    const usable = mapped.flatMap(({ token, clientId }) => ('refusal' in token ? [] : [{ token, clientId }]));
    if (usable.length > 0 && !this.isAdmitted) {
      await this.admitTokens();
      this.isAdmitted = true;
    }
    const { outcomes, consents } = await store(usable.map(({ token }) => token));
    // Counted after the transaction, so that a batch that is repeated counts once.
    for (const { token, clientId } of mapped) if ('refusal' in token) this.refuse(kind, token.refusal, clientId);
    this.report.count('consents', 'read', consents.inserted + consents.extended);
    this.report.count('consents', 'imported', consents.inserted);
    this.report.count('consents', 'updated', consents.extended);
    return usable.flatMap(({ token, clientId }, index) => {
      const outcome = outcomes[index] ?? 'present';
      if (outcome === 'spent_there') return [token];
      if (outcome === 'imported' || outcome === 'present') this.report.count(kind, outcome);
      else this.refuse(kind, outcome, clientId);
      return [];
    });
  }

  /** Runs work on a page again if an application was deleted here since it was looked up. */
  async repeatIfDeleted(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isMissingReference(error)) throw error;
      this.applications.forget();
      await work();
    }
  }
}
