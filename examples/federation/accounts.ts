import { createHash, randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { UserStore } from 'routing-controllers-oauth2';
import type { Identity } from './relying-party.js';

/** A user of this host. */
export interface Account {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
}

/** An account that exists before anybody comes from the provider. */
export interface KnownAccount extends Account {
  readonly email: string;
  /** Whether the host itself has seen that the user reads this mailbox. */
  readonly isEmailVerified: boolean;
}

const ACCOUNTS = 'host_accounts';
const IDENTITIES = 'host_identities';

/** The accounts of the host, and the identities at other providers that may sign in to them. */
export class Accounts implements UserStore<Account> {
  constructor(private readonly knex: () => Knex) {}

  async createTables(known: readonly KnownAccount[]): Promise<void> {
    const knex = this.knex();
    if (!(await knex.schema.hasTable(ACCOUNTS))) {
      await knex.schema.createTable(ACCOUNTS, (table) => {
        table.string('id', 36).primary();
        table.string('name').notNullable();
        table.boolean('active').notNullable();
        table.string('verified_email_key', 43).unique();
      });
    }
    if (!(await knex.schema.hasTable(IDENTITIES))) {
      await knex.schema.createTable(IDENTITIES, (table) => {
        table.string('key', 43).primary();
        table.string('account_id', 36).notNullable().references('id').inTable(ACCOUNTS);
        table.string('issuer_key', 43).notNullable();
        table.unique(['account_id', 'issuer_key']);
      });
    }
    const rows = known.map(({ id, name, active, email, isEmailVerified }) => {
      return { id, name, active, verified_email_key: isEmailVerified ? emailKey(email) : null };
    });
    if (rows.length > 0) await knex(ACCOUNTS).insert(rows).onConflict('id').ignore();
  }

  async findById(id: string): Promise<Account | undefined> {
    const row = await this.knex()(ACCOUNTS).where({ id }).first('id', 'name', 'active');
    return row && { ...row, active: Boolean(row.active) };
  }

  isActive({ active }: Account): boolean {
    return active;
  }

  /**
   * The account of an identity. It is found by issuer and subject, which the provider never gives to anybody else (OpenID
   * Connect Core §5.7). At the first sign-in it is an existing account with the same e-mail address if both the provider
   * and the host have verified that address, and otherwise a new one. It is a new one too if somebody else at that provider
   * signs in to the account already: an address may be given to another person.
   */
  async of(identity: Identity): Promise<Account> {
    const key = digest([identity.issuer, identity.subject]);
    const known = await this.linked(key);
    if (known !== undefined) return known;
    const verified = identity.isEmailVerified && identity.email !== undefined ? emailKey(identity.email) : null;
    try {
      await this.knex().transaction(async (transaction) => {
        const owner = verified && (await transaction(ACCOUNTS).where({ verified_email_key: verified }).first('id'));
        const issuer = { issuer_key: digest([identity.issuer]) };
        const other =
          owner &&
          (await transaction(IDENTITIES)
            .where({ account_id: owner.id, ...issuer })
            .first('key'));
        const id: string = owner && !other ? owner.id : randomUUID();
        if (!owner || other) {
          const name = identity.name ?? 'Reader';
          await transaction(ACCOUNTS).insert({ id, name, active: true, verified_email_key: other ? null : verified });
        }
        await transaction(IDENTITIES).insert({ key, account_id: id, ...issuer });
      });
    } catch (error) {
      // Another tab of the same user may have been faster.
      const other = await this.linked(key);
      if (other === undefined) throw error;
      return other;
    }
    return (await this.linked(key)) as Account;
  }

  private async linked(key: string): Promise<Account | undefined> {
    const row = await this.knex()(IDENTITIES).where({ key }).first('account_id');
    return row && this.findById(row.account_id);
  }
}

/** Equal only if every character is: a database may consider `é` and `e`, or `A` and `a`, the same. */
function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

/** Only ASCII is folded. Other letters have lower cases that belong to somebody else's address: `K` (Kelvin) has `k`. */
function emailKey(email: string): string {
  return digest([email.replace(/[A-Z]/g, (letter) => letter.toLowerCase())]);
}
