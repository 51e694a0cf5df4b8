import { BaseAdapter } from './base-adapter.js';
import type { Exchange, Exchanges, Presented } from './exchange.js';
import type { Families } from './families.js';
import { familyIdOf, invalidGrant } from './payloads.js';

/** The base for kinds that belong to a family: they are consumed and revoked with it. */
export abstract class FamilyAdapter extends BaseAdapter {
  constructor(
    protected readonly families: Families,
    protected readonly exchanges: Exchanges,
  ) {
    super();
  }

  /** Consumes the presented code or refresh token, at the end of its exchange. */
  override consume(id: string): Promise<void> {
    const exchange = this.exchanges.get();
    if (exchange === undefined || exchange.presented?.value !== id) {
      return Promise.reject(new TypeError(`${this.constructor.name} is spent in an exchange only.`));
    }
    exchange.spends = true;
    return Promise.resolve();
  }

  override async revokeByGrantId(grantId: string): Promise<void> {
    const familyId = familyIdOf(grantId);
    const exchange = this.exchanges.get();
    const presented = exchange?.presented;
    if (exchange === undefined || presented === undefined || exchange.revoked) return this.families.revoke(familyId);
    // At the token endpoint, the only reason to revoke is that the presented code or token was used before.
    exchange.revoked = true;
    await this.families.revokeReused(presented.kind, presented);
  }

  /** Records what the request presents; a second one in the same request would be a programming error. */
  protected present(presented: Presented): void {
    const exchange = this.exchanges.get();
    if (exchange !== undefined) exchange.presented ??= presented;
  }

  /** The exchange in which tokens are collected. */
  protected collecting(familyId: string): Exchange | undefined {
    const exchange = this.exchanges.get();
    if (exchange === undefined) return undefined;
    if (exchange.familyId !== undefined && exchange.familyId !== familyId) {
      throw invalidGrant('one exchange issues for one grant');
    }
    exchange.familyId = familyId;
    return exchange;
  }
}
