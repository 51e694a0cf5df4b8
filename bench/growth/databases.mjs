/** The two databases: fast insertion, statistics, sizes and plans. */
import createKnex from 'knex';

/** A configuration of knex. */
export function onOneConnection(kind, url) {
  return { client: kind === 'mariadb' ? 'mysql2' : 'pg', connection: url, pool: { min: 1, max: 1 } };
}

/** Opens a migrated database for what the product does not do. */
export function openDatabase(kind, url) {
  return kind === 'mariadb' ? new MariaDb(url) : new Postgres(url);
}

class SeededDatabase {
  constructor(kind, knex) {
    this.kind = kind;
    this.knex = knex;
  }

  async execute(sql) {
    await this.knex.raw(sql);
  }

  close() {
    return this.knex.destroy();
  }
}

class MariaDb extends SeededDatabase {
  constructor(url) {
    super('mariadb', createKnex(onOneConnection('mariadb', url)));
  }

  /**
   * InnoDB sorts what one statement inserts into an empty table, index by index, if the session does not check keys. The
   * setting ends with the session.
   */
  async withFastInsertion(tables, statements) {
    await this.execute('SET SESSION unique_checks = 0, foreign_key_checks = 0');
    for (const sql of statements) await this.execute(sql);
    await this.execute('SET SESSION unique_checks = 1, foreign_key_checks = 1');
    await this.analyze(tables);
  }

  analyze(tables) {
    return this.execute(`ANALYZE TABLE ${tables.join(', ')}`);
  }

  /** Bytes of each table and of its indexes. */
  async bytes(tables) {
    const [rows] = await this.knex.raw(
      `SELECT table_name AS name, data_length AS data, index_length AS indexes FROM information_schema.tables
       WHERE table_schema = DATABASE() AND table_name IN (${tables.map(() => '?').join(', ')})`,
      tables,
    );
    return Object.fromEntries(
      rows.map(({ name, data, indexes }) => [name, { data: Number(data), indexes: Number(indexes) }]),
    );
  }

  /** Rows, and entries of indexes, that the connection of a pool of one has read. */
  async read(knex) {
    const [rows] = await knex.raw("SHOW SESSION STATUS LIKE 'Handler_read%'");
    return rows.reduce((sum, { Value }) => sum + Number(Value), 0);
  }

  async plan(sql, values) {
    const connection = await this.knex.client.acquireConnection();
    try {
      const [rows] = await connection.promise().query(`EXPLAIN ${sql}`, values);
      return rows.map(
        ({ table, type, key, rows: read, Extra }) =>
          `${table ?? '-'}: ${type ?? '-'}, key ${key ?? '-'}, rows ${read ?? '-'}; ${Extra}`,
      );
    } finally {
      await this.knex.client.releaseConnection(connection);
    }
  }

  async description() {
    const [[{ version, pool, flush }]] = await this.knex.raw(
      'SELECT VERSION() AS version, @@innodb_buffer_pool_size AS pool, @@innodb_flush_log_at_trx_commit AS flush',
    );
    return `MariaDB ${version}, buffer pool ${Number(pool) / 2 ** 20} MiB, innodb_flush_log_at_trx_commit ${flush}`;
  }
}

class Postgres extends SeededDatabase {
  constructor(url) {
    super('postgres', createKnex(onOneConnection('postgres', url)));
  }

  /** Indexes and references are dropped before and made after. The settings end with the session. */
  async withFastInsertion(tables, statements) {
    await this.execute("SET maintenance_work_mem = '512MB'; SET synchronous_commit = off");
    const { rows: constraints } = await this.knex.raw(
      `SELECT conrelid::regclass::text AS table, conname AS name, pg_get_constraintdef(oid) AS definition
       FROM pg_constraint WHERE contype IN ('f', 'u') AND conrelid::regclass::text = ANY(?) ORDER BY contype DESC`,
      [tables],
    );
    const { rows: indexes } = await this.knex.raw(
      `SELECT indexname AS name, indexdef AS definition FROM pg_indexes i WHERE tablename = ANY(?)
       AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)`,
      [tables],
    );
    for (const { table, name } of constraints) await this.execute(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`);
    for (const { name } of indexes) await this.execute(`DROP INDEX ${name}`);
    for (const sql of statements) await this.execute(sql);
    for (const { definition } of indexes) await this.execute(definition);
    for (const { table, name, definition } of constraints)
      await this.execute(`ALTER TABLE ${table} ADD CONSTRAINT ${name} ${definition}`);
    await this.execute('RESET maintenance_work_mem; RESET synchronous_commit');
    await this.analyze(tables);
  }

  /** As autovacuum would have done meanwhile. */
  analyze(tables) {
    return this.execute(`VACUUM ANALYZE ${tables.join(', ')}`);
  }

  async bytes(tables) {
    const sizes = {};
    for (const table of tables) {
      const { rows } = await this.knex.raw('SELECT pg_table_size(?) AS data, pg_indexes_size(?) AS indexes', [
        table,
        table,
      ]);
      sizes[table] = { data: Number(rows[0].data), indexes: Number(rows[0].indexes) };
    }
    return sizes;
  }

  /** Pages that this database, which nobody else uses, has read, from its memory or not. */
  async read(knex) {
    await knex.raw('SELECT pg_stat_force_next_flush()');
    const { rows } = await knex.raw(
      'SELECT blks_hit + blks_read AS pages FROM pg_stat_database WHERE datname = current_database()',
    );
    return Number(rows[0].pages);
  }

  async plan(sql, values) {
    const connection = await this.knex.client.acquireConnection();
    try {
      const { rows } = await connection.query(`EXPLAIN ${sql}`, values);
      return rows.map((row) => row['QUERY PLAN']);
    } finally {
      await this.knex.client.releaseConnection(connection);
    }
  }

  async description() {
    const { rows } = await this.knex.raw(
      "SELECT current_setting('server_version') AS version, current_setting('shared_buffers') AS buffers, current_setting('synchronous_commit') AS commit",
    );
    const [{ version, buffers, commit }] = rows;
    return `PostgreSQL ${version.split(' ')[0]}, shared_buffers ${buffers}, synchronous_commit ${commit}`;
  }
}
