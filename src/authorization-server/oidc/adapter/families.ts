import type { FamilyRepository, TokenRepository } from '../../../storage/index.js';
import type { AdapterDependencies, Reuse } from './adapter-dependencies.js';

/** Revokes families, in the database and then in every cache. */
export class Families {
  private readonly running = new Map<string, Promise<void>>();

  constructor(
    private readonly dependencies: AdapterDependencies,
    private readonly tokens: TokenRepository,
    readonly repository: FamilyRepository,
  ) {}

  /**
   * Revokes the grant of a family and all its tokens, in a constant number of statements. oidc-provider requests this
   * once per kind of token, concurrently; those calls share one transaction.
   */
  revoke(familyId: string): Promise<void> {
    const running = this.running.get(familyId);
    if (running !== undefined) return running;
    const work = this.revokeNow(familyId).finally(() => this.running.delete(familyId));
    this.running.set(familyId, work);
    return work;
  }

  /** Revokes a family of which a code or refresh token was used again (RFC 6749 §4.1.2, RFC 9700 §4.14.2). */
  async revokeReused(kind: string, reuse: Reuse): Promise<void> {
    await this.revoke(reuse.familyId);
    this.dependencies.emit(kind === 'RefreshToken' ? 'refresh.reused' : 'code.replayed', reuse);
  }

  private async revokeNow(familyId: string): Promise<void> {
    const keys = await this.tokens.revokeFamily(familyId);
    if (keys.length > 0) await this.dependencies.invalidate(keys);
  }
}
