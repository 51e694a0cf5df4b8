import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../../src/core/errors.js';
import {
  assertMigrated,
  type Database,
  MIGRATIONS_TABLE,
  migrate,
  openDatabase,
  rollback,
} from '../../../src/storage/index.js';
import { databaseKinds, type FreshDatabase, freshDatabase } from '../../support/services.js';

describe.each(databaseKinds().filter((kind) => kind !== 'sqlite'))(
  "a database's user with few rights on %s",
  (kind) => {
    const user = `oauth2_${randomBytes(5).toString('hex')}`;
    let fresh: FreshDatabase;
    let owner: Database;
    let limited: Database;
    let limitedUrl: string;

    beforeEach(async () => {
      fresh = await freshDatabase(kind);
      owner = openDatabase(fresh.url);
      if (kind === 'mariadb') await owner.knex.raw(`create user ${user}@'%' identified by 'secret-word'`);
      else await owner.knex.raw(`create role ${user} login password 'secret-word'`);
      const url = new URL(fresh.url);
      url.username = user;
      url.password = 'secret-word';
      limitedUrl = url.href;
      limited = openDatabase(limitedUrl);
    });

    afterEach(async () => {
      await limited.knex.destroy();
      if (kind === 'mariadb') await owner.knex.raw(`drop user ${user}@'%'`);
      else await owner.knex.raw(`drop owned by ${user}; drop role ${user}`);
      await owner.knex.destroy();
      await fresh.drop();
    });

    async function grant(rights: string): Promise<void> {
      if (kind === 'mariadb') {
        const [[row]] = (await owner.knex.raw('select database() as name')) as [{ name: string }[]];
        await owner.knex.raw(`grant ${rights} on ${row?.name}.* to ${user}@'%'`);
      } else {
        await owner.knex.raw(`grant ${rights} on all tables in schema public to ${user}`);
      }
    }

    /** The error, which must come at once and not after a minute of waiting for a lock. */
    async function refusal(work: () => Promise<unknown>): Promise<string> {
      const begin = performance.now();
      const error = await work().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(performance.now() - begin).toBeLessThan(20_000);
      return (error as Error).message;
    }

    test('that may create nothing gets that answer at once, with the right and the statement', async () => {
      await grant('select, insert, update, delete');
      const message = await refusal(() => migrate(limited.knex));
      expect(message).toMatch(kind === 'mariadb' ? /\(CREATE\)/ : /\(CREATE on the schema\)/);
      expect(message).toMatch(/at the statement: create table .oauth2_migrations/);
    });

    test('that may only read what an older version has migrated gets that answer at once', async () => {
      await migrate(owner.knex);
      await owner.knex(MIGRATIONS_TABLE).where('name', 'like', '0004%').update({ batch: 2 });
      await rollback(owner.knex);
      await grant('select');
      expect(await refusal(() => migrate(limited.knex))).toMatch(
        /lacks a privilege that the migration needs \((INSERT|CREATE|UPDATE)/,
      );
      expect(await refusal(() => rollback(limited.knex))).toMatch(/lacks a privilege/);
    });

    test('that may only read can migrate where nothing is to be done, and check the schema', async () => {
      await migrate(owner.knex);
      await grant('select');
      expect(await migrate(limited.knex)).toEqual([]);
      await expect(assertMigrated(limited.knex)).resolves.toBeUndefined();
    });

    if (kind !== 'mariadb') return;

    test('that lacks a right halfway is told which; once it is granted, the migration goes on', async () => {
      await grant('select, insert, update, delete, create, index, drop');
      expect(await refusal(() => migrate(limited.knex))).toMatch(
        /\(ALTER\).*at the statement: alter table `oauth2_applications` add unique/,
      );
      await grant('alter, references');
      await limited.knex.destroy();
      limited = openDatabase(limitedUrl);
      expect(await migrate(limited.knex)).toContain('0001_applications_and_tokens');
      await expect(assertMigrated(limited.knex)).resolves.toBeUndefined();
    });
  },
);
