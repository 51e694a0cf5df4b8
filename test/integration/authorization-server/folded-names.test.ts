import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { foldedName } from '../../../src/authorization-server/pages/sign-in/folded-name.js';
import { openDatabase } from '../../../src/storage/index.js';
import { databaseKinds, freshDatabase } from '../../support/services.js';

/** Collations that see neither case nor accents. The last is of MariaDB 10.10 and later. */
const COLLATIONS = [...['utf8mb4_general_ci', 'utf8mb4_unicode_ci', 'utf8mb4_unicode_520_ci'], 'utf8mb4_uca1400_ai_ci'];

/** What each character is tried as, in the middle of a name. */
const PLAIN = ['', ...'abcdefghijklmnopqrstuvwxyz0123456789', 'ss', 'ae', 'oe', 'th'];

/** All characters of the first two planes that there are. */
function characters(): string[] {
  const all = Array.from({ length: 0x20000 - 1 }, (_, index) => index + 1)
    .filter((code) => code < 0xd800 || code > 0xdfff)
    .map((code) => String.fromCodePoint(code));
  return all.filter((character) => !/\p{Cn}|\p{Co}/u.test(character));
}

describe.each(databaseKinds().filter((kind) => kind === 'mariadb'))('names as %s compares them', (kind) => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let knex: ReturnType<typeof openDatabase>['knex'];

  beforeAll(async () => {
    database = await freshDatabase(kind);
    ({ knex } = openDatabase(database.url, { deadlineMilliseconds: 60_000 }));
    await knex.raw('create table names (name varchar(10) character set utf8mb4 collate utf8mb4_bin)');
    const rows = characters().map((character) => ({ name: `x${character}y` }));
    for (let start = 0; start < rows.length; start += 10_000) {
      await knex('names').insert(rows.slice(start, start + 10_000));
    }
  }, 60_000);

  afterAll(async () => {
    await knex.destroy();
    await database.drop();
  });

  test.each(COLLATIONS)(
    '[AS-54 TH-48] every spelling by which %s finds a name of letters and digits shares its budget',
    async (collation) => {
      const [available] = await knex.raw(
        "select 1 from information_schema.collation_character_set_applicability where full_collation_name = ? or (full_collation_name = ? and character_set_name = 'utf8mb4')",
        [collation, collation.replace('utf8mb4_', '')],
      );
      if (available.length === 0) return;
      const apart: string[] = [];
      for (const plain of PLAIN) {
        const name = `x${plain}y`;
        const [found] = await knex.raw(`select name from names where name collate ${collation} = ?`, [name]);
        for (const one of found as { readonly name: string }[]) {
          if (foldedName(one.name) !== foldedName(name)) apart.push(`${one.name} is ${name}`);
        }
      }
      expect(apart).toEqual([]);
    },
    60_000,
  );
});
