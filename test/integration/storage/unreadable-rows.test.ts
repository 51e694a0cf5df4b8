import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sha256 } from '../../../src/core/digest.js';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { FamilyRepository } from '../../../src/storage/index.js';

const lines: string[] = [];
let oauth2: OAuth2;
const note = (line: string) => void lines.push(line);

beforeEach(async () => {
  lines.length = 0;
  oauth2 = createOAuth2({
    database: ':memory:',
    scopes: { read: 'Read' },
    logger: { info: () => {}, warn: note, error: note },
  });
  await oauth2.migrate();
});

afterEach(() => oauth2.close());

const registered = (name: string) => oauth2.applications.create({ name, grantTypes: ['client_credentials'] });
const overwritten = (id: number, columns: object) => oauth2.knex('oauth2_applications').where('id', id).update(columns);

describe('an application whose row cannot be read', () => {
  test('[ALL-79] is not found, and the log names its columns and not what they hold', async () => {
    const { application } = await registered('Shop');
    const secret = randomBytes(16).toString('hex');
    await overwritten(application.id, { grant_types: Buffer.from(secret), registered_by: secret });
    expect(await oauth2.applications.findByClientId(application.clientId)).toBeUndefined();
    expect(lines).toEqual([
      `The row ${application.id} of oauth2_applications counts as not there, because it cannot be read; look at its grant_types, registered_by.`,
    ]);
  });

  test('[ALL-79] is left out of lists, which go on with the others', async () => {
    const all = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => registered(name)));
    const ids = all.map(({ application }) => application.id).sort((one, other) => other - one);
    for (const id of ids.slice(1, 3)) await overwritten(id, { jwks: '{' });
    const [newest, , , older, oldest] = ids;
    const idsIn = (found: readonly { readonly id: number }[]) => found.map(({ id }) => id);
    expect(idsIn(await oauth2.applications.search({}, { limit: 2 }))).toEqual([newest, older]);
    expect(idsIn(await oauth2.applications.search({}, { limit: 2, beforeId: older as number }))).toEqual([oldest]);
    expect(idsIn(await oauth2.applications.list())).toEqual([oldest, older, newest]);
  });

  test('[ALL-79] can be disabled and deleted', async () => {
    const { application } = await registered('Shop');
    await overwritten(application.id, { jwks: '{' });
    expect(await oauth2.applications.exists(application.clientId)).toBe(true);
    expect(await oauth2.applications.disable(application.clientId)).toBe(true);
    expect(await oauth2.applications.enable(application.clientId)).toBe(true);
    expect(await oauth2.applications.delete(application.clientId)).toBe(true);
    expect(await oauth2.knex('oauth2_applications').count({ rows: '*' })).toEqual([{ rows: 0 }]);
  });

  test('[ALL-79] does not make a list ask for one row after another', async () => {
    const all = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => registered(name)));
    const ids = all.map(({ application }) => application.id).sort((one, other) => other - one);
    for (const id of ids.slice(1, 5)) await overwritten(id, { jwks: '{' });
    let statements = 0;
    const count = () => {
      statements += 1;
    };
    oauth2.knex.on('query', count);
    const found = await oauth2.applications.search({}, { limit: 2 });
    oauth2.knex.off('query', count);
    expect(found.map(({ id }) => id)).toEqual([ids[0], ids[5]]);
    expect(statements).toBe(3);
  });
});

test('[ALL-79] an access token whose application is gone has none that could be asked, and is not found', async () => {
  const { application } = await registered('Shop');
  const { access_token: token } = await oauth2.tokens.issue({ application: application.clientId, scope: 'read' });
  const families = new FamilyRepository(oauth2.models, {} as never);
  expect((await families.findAccessToken(sha256(token)))?.clientId).toBe(application.clientId);
  await oauth2.knex.raw('PRAGMA foreign_keys = OFF');
  await oauth2.knex('oauth2_applications').delete();
  await oauth2.knex('oauth2_access_tokens').update({ application_id: 77 });
  expect(await families.findAccessToken(sha256(token))).toBeUndefined();
});
