import { createHash } from 'node:crypto';
import createKnex, { type Knex } from 'knex';
import { configOfUrl } from '../../../src/storage/database-url.js';
import { type DatabaseKind, type FreshDatabase, freshDatabase } from '../services.js';

/** The columns that the versions of Django OAuth Toolkit have: 3.0 has no checksums, and the newest has keys. */
export type DotVersion = '3.0' | '3.4' | 'newest';

export interface DotTablesOptions {
  readonly version?: DotVersion;
  /** The type of the ids of users. */
  readonly users?: 'integer' | 'uuid';
  readonly prefix?: string;
}

type Row = Readonly<Record<string, unknown>>;

/** Tables like those of Django OAuth Toolkit, without foreign keys, so that rows may refer to what is not there. */
export class DotTables {
  private constructor(
    readonly database: FreshDatabase,
    readonly knex: Knex,
    private readonly kind: DatabaseKind,
    private readonly options: Required<DotTablesOptions>,
  ) {}

  static async create(kind: DatabaseKind, given: DotTablesOptions = {}): Promise<DotTables> {
    const options = { version: '3.4', users: 'integer', prefix: 'oauth2_provider_', ...given } as const;
    const database = await freshDatabase(kind);
    const tables = new DotTables(database, createKnex(configOfUrl(database.url)), kind, options);
    await tables.createTables();
    return tables;
  }

  get url(): string {
    return this.database.url;
  }

  async drop(): Promise<void> {
    await this.knex.destroy();
    await this.database.drop();
  }

  application(row: Row): Promise<void> {
    return this.insert('application', {
      ...{ redirect_uris: '', client_type: 'confidential', authorization_grant_type: 'client-credentials' },
      ...{ client_secret: '', name: '', user_id: null, skip_authorization: false, algorithm: '' },
      ...{ post_logout_redirect_uris: '', hash_client_secret: true, allowed_origins: '' },
      ...this.times(),
      ...row,
    });
  }

  /** An access token; `token` is its text, from which the checksum is made. It is good for an hour. */
  accessToken({ token, ...row }: Row & { readonly token: string }): Promise<void> {
    return this.insert('accesstoken', {
      ...{ ...this.tokenColumns(token, this.has('3.4')), expires: this.time(Date.now() + 3_600_000), scope: 'read' },
      ...{ application_id: null, user_id: null, source_refresh_token_id: null, id_token_id: null },
      ...(this.has('3.4') && { resource: '[]' }),
      ...this.times(),
      ...row,
    });
  }

  refreshToken({ token, ...row }: Row & { readonly token: string }): Promise<void> {
    return this.insert('refreshtoken', {
      ...{ ...this.tokenColumns(token, this.has('3.4')), access_token_id: null, revoked: null },
      ...(this.has('3.4') && { token_family: null, resource: '[]' }),
      ...this.times(),
      ...row,
    });
  }

  /** A time as the columns take it: Django writes UTC without an offset, except on PostgreSQL. */
  time(milliseconds: number): string {
    const text = new Date(milliseconds).toISOString().replace('T', ' ').replace('Z', '');
    return this.kind === 'postgres' ? `${text}+00` : text;
  }

  /** The name of a table. */
  name(model: string): string {
    return `${this.options.prefix}${model}`;
  }

  async insert(model: string, row: Row): Promise<void> {
    await this.knex(this.name(model)).insert(row);
  }

  private has(version: '3.4' | 'newest'): boolean {
    return version === '3.4' ? this.options.version !== '3.0' : this.options.version === 'newest';
  }

  private tokenColumns(token: string, withChecksum: boolean) {
    return { token, ...(withChecksum && { token_checksum: createHash('sha256').update(token).digest('hex') }) };
  }

  private times() {
    const now = this.time(Date.now() - 60_000);
    return { created: now, updated: now };
  }

  private async createTables(): Promise<void> {
    const text = (table: Knex.TableBuilder, name: string) => table.text(name, 'longtext').notNullable();
    const time = (table: Knex.TableBuilder, name: string) =>
      this.kind === 'sqlite'
        ? table.specificType(name, 'datetime')
        : table.timestamp(name, { precision: 6, useTz: true });
    const moment = (table: Knex.TableBuilder, name: string) =>
      this.kind === 'mariadb' ? table.specificType(name, 'datetime(6)') : time(table, name);
    const user = (table: Knex.TableBuilder, name: string) =>
      this.options.users === 'integer' ? table.integer(name) : this.uuid(table, name);
    await this.knex.schema.createTable('auth_user', (table) => {
      user(table, 'id').primary();
      table.string('username', 150).notNullable();
    });
    await this.knex.schema.createTable(this.name('application'), (table) => {
      table.bigIncrements('id');
      table.string('client_id', 255).notNullable();
      for (const name of ['redirect_uris', 'post_logout_redirect_uris', 'allowed_origins']) text(table, name);
      table.string('client_type', 32).notNullable();
      table.string('authorization_grant_type', 44).notNullable();
      table.string('client_secret', 255).notNullable();
      table.string('name', 255).notNullable();
      user(table, 'user_id');
      table.boolean('skip_authorization').notNullable();
      table.boolean('hash_client_secret').notNullable();
      table.string('algorithm', 5).notNullable();
      moment(table, 'created').notNullable();
      moment(table, 'updated').notNullable();
      if (this.has('3.4')) table.string('registration_source', 32).notNullable().defaultTo('manual');
      if (!this.has('newest')) return;
      table.string('token_endpoint_auth_method', 32).notNullable().defaultTo('');
      table.text('client_jwks');
      table.string('client_jwks_uri', 500).notNullable().defaultTo('');
      table.boolean('require_pushed_authorization_requests');
    });
    for (const model of ['accesstoken', 'refreshtoken'] as const) {
      await this.knex.schema.createTable(this.name(model), (table) => {
        table.bigIncrements('id');
        text(table, 'token');
        table.bigInteger('application_id');
        user(table, 'user_id');
        moment(table, 'created').notNullable();
        moment(table, 'updated').notNullable();
        if (model === 'accesstoken') {
          moment(table, 'expires').notNullable();
          text(table, 'scope');
          table.bigInteger('source_refresh_token_id');
          table.bigInteger('id_token_id');
        } else {
          table.bigInteger('access_token_id');
          moment(table, 'revoked').nullable();
        }
        if (!this.has('3.4')) return;
        table.string('token_checksum', 64).notNullable();
        if (this.kind === 'postgres') table.jsonb('resource').notNullable();
        else text(table, 'resource');
        if (model === 'refreshtoken') this.uuid(table, 'token_family');
      });
    }
  }

  private uuid(table: Knex.TableBuilder, name: string): Knex.ColumnBuilder {
    return this.kind === 'postgres' ? table.uuid(name) : table.specificType(name, 'char(32)');
  }
}
