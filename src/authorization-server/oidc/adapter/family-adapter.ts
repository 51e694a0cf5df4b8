import { BaseAdapter } from './base-adapter.js';
import type { Exchange, Exchanges, Presented } from './exchange.js';
import type { Families } from './families.js';
import { familyIdOf, invalidGrant } from './payloads.js';

/** What the kinds have in common that belong to a family: they are spent and revoked with it. */
export abstract class FamilyAdapter extends BaseAdapter {
  constructor(
    protected readonly families: Families,
    protected readonly exchanges: Exchanges,
  ) {
    super();
  }

  /** Spends the code or refresh token that the request presents, at the end of its exchange. */
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
    // At the token endpoint, the one reason to revoke is that what is presented was used before.
    exchange.revoked = true;
    await this.families.revokeReused(presented.kind, presented);
  }

  /** Notes what the request presents; a second one in the same request would be a mistake of the caller. */
  protected present(presented: Presented): void {
    const exchange = this.exchanges.get();
    if (exchange !== undefined) exchange.presented ??= presented;
  }

  /** The exchange that tokens are collected in. */
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
