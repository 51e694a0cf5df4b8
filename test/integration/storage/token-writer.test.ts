import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { QueryContext } from 'objection';
import { TemporarilyUnavailableError } from '../../../src/core/errors.js';
import {
  AccessToken,
  type Application,
  ApplicationRepository,
  createTokenWriter,
  openDatabase,
  type TokenWriter,
} from '../../../src/storage/index.js';
import { databaseKinds } from '../../support/services.js';
import { type Fixture, newToken, openFixture } from './fixture.js';

function writerOf({ database, models, tables, tokens }: Fixture, ownModel = false): TokenWriter {
  return createTokenWriter({ database, models, tables, tokens, ownModel });
}

/** A new application with what a token of it is stored with. */
async function newCase({ applications }: Fixture) {
  const { application } = await applications.create({
    name: 'demo',
    clientId: `demo-${randomUUID()}`,
    grantTypes: ['client_credentials'],
    scopes: ['read', 'write'],
  });
  const createdAtMilliseconds = Date.now();
  const { hash: tokenHash } = newToken();
  return {
    application,
    token: {
      tokenHash,
      scope: 'read',
      audience: null,
      createdAtMilliseconds,
      expiresAtMilliseconds: createdAtMilliseconds + 1,
    },
  };
}

type Change = (fixture: Fixture, application: Application) => PromiseLike<unknown>;

const CHANGES: readonly (readonly [string, Change])[] = [
  ['has a new secret', ({ applications }, { clientId }) => applications.rotateSecret(clientId)],
  ['is disabled', ({ applications }, { clientId }) => applications.disable(clientId)],
  [
    'was disabled and enabled',
    async ({ applications }, { clientId }) => {
      await applications.disable(clientId);
      await applications.enable(clientId);
    },
  ],
  [
    'may be given fewer scopes',
    ({ applications }, { clientId }) => applications.update(clientId, { scopes: ['write'] }),
  ],
  ['is deleted', ({ applications }, { clientId }) => applications.delete(clientId)],
  [
    'was deleted and registered again under its name',
    async ({ applications }, { clientId }) => {
      await applications.delete(clientId);
      await applications.create({ name: 'demo', clientId, grantTypes: ['client_credentials'] });
    },
  ],
  [
    'has its secret written by another hand',
    ({ models }, { id }) => models.Application.query().findById(id).patch({ clientSecretHash: newToken().hash }),
  ],
  [
    'is disabled by another hand',
    ({ models }, { id }) => models.Application.query().findById(id).patch({ disabledAtMilliseconds: 1 }),
  ],
];

describe.each(databaseKinds())('the writer of tokens on %s', (kind) => {
  let fixture: Fixture;
  let writer: TokenWriter;

  beforeAll(async () => {
    fixture = await openFixture(kind);
    writer = writerOf(fixture);
  });

  afterAll(() => fixture.close());

  test.each([[null], [['https://books.example.com', 'https://shop.example.com']]])(
    'a token for the audience %j is stored as by the repository',
    async (audience) => {
      const { application, token } = await newCase(fixture);
      const other = newToken().hash;
      expect(await writer.insertIfUnchanged(application, { ...token, audience })).toBe(true);
      await fixture.tokens.insertAccessToken({ ...token, audience, tokenHash: other, applicationId: application.id });
      const [written, repository] = await Promise.all(
        [token.tokenHash, other].map((hash) => fixture.tokens.findAccessTokenByHash(hash)),
      );
      expect(written).toBeDefined();
      expect({ ...written, id: 0, tokenHash: 0 }).toEqual({ ...repository, id: 0, tokenHash: 0 });
      expect(await fixture.reader.read(token.tokenHash)).toMatchObject({
        clientId: application.clientId,
        scope: 'read',
      });
    },
  );

  test.each(CHANGES)('nothing is stored for an application that %s since it was read', async (_, change) => {
    const { application, token } = await newCase(fixture);
    await change(fixture, application);
    expect(await writer.insertIfUnchanged(application, token)).toBe(false);
    expect(await fixture.tokens.findAccessTokenByHash(token.tokenHash)).toBeUndefined();
  });

  test('the secret before the present one counts while it overlaps, and only what was presented counts', async () => {
    const { application: first, token } = await newCase(fixture);
    const before = first.clientSecretHash as Buffer;
    await fixture.applications.rotateSecret(first.clientId, { overlapSeconds: 60 });
    const application = (await fixture.applications.findByClientId(first.clientId)) as Application;
    const ends = application.previousSecretExpiresAtMilliseconds as number;
    const insert = (secretHash: Buffer, nowMilliseconds: number) => {
      const { hash: tokenHash } = newToken();
      return writer.insertIfUnchanged(application, { ...token, tokenHash }, { secretHash, nowMilliseconds });
    };
    expect(await insert(before, ends - 1)).toBe(true);
    expect(await insert(before, ends)).toBe(false);
    expect(await insert(application.clientSecretHash as Buffer, ends)).toBe(true);
    expect(await insert(newToken().hash, ends - 1)).toBe(false);
  });

  test('two changes of an application within one millisecond are two states, also where the clock goes back', async () => {
    const { application, token } = await newCase(fixture);
    const clock = { nowMilliseconds: () => 1000, monotonicMilliseconds: () => 0 };
    const applications = new ApplicationRepository(fixture.models, { clock });
    const first = await applications.update(application.clientId, { scopes: ['write'] });
    const second = await applications.update(application.clientId, { scopes: ['read'] });
    const times = [application, first, second].map((state) => Number(state?.updatedAtMilliseconds));
    expect(times).toEqual([...new Set(times)].sort());
    expect(await writer.insertIfUnchanged(first as Application, token)).toBe(false);
    expect(await writer.insertIfUnchanged(second as Application, token)).toBe(true);
  });

  test('of tokens and a new secret at the same time, none is stored after the secret was replaced', async () => {
    const { application, token } = await newCase(fixture);
    let replaced = false;
    const rotation = fixture.applications.rotateSecret(application.clientId).then(() => {
      replaced = true;
    });
    for (let more = 0; more < 40; more++) {
      const begunAfter = replaced;
      const stored = await writer.insertIfUnchanged(application, { ...token, tokenHash: newToken().hash });
      if (begunAfter) expect(stored).toBe(false);
    }
    await rotation;
    expect(await writer.insertIfUnchanged(application, token)).toBe(false);
  });

  test('a digest that is stored already is an error, and no second token', async () => {
    const { application, token } = await newCase(fixture);
    await writer.insertIfUnchanged(application, token);
    const again = writer.insertIfUnchanged(application, { ...token, scope: 'write' });
    expect(await again.catch(() => 'refused')).toBe('refused');
    expect((await fixture.tokens.findAccessTokenByHash(token.tokenHash))?.scope).toBe('read');
  });

  test('a token in plain text never reaches a statement', async () => {
    const { application, token } = await newCase(fixture);
    const clear = Buffer.from('a token in the clear');
    await expect(writer.insertIfUnchanged(application, { ...token, tokenHash: clear })).rejects.toThrow(TypeError);
  });

  test('a database that is unavailable is told as such', async () => {
    const { application, token } = await newCase(fixture);
    const away = openDatabase(fixture.url);
    await away.knex.destroy();
    const cut = writerOf({ ...fixture, database: away });
    // The models of SQLite are on the connection that lives.
    if (kind === 'sqlite') return;
    await expect(cut.insertIfUnchanged(application, token)).rejects.toThrow(TemporarilyUnavailableError);
  });
});

test.each(databaseKinds())("a host's own model sees what is stored, on %s", async (kind) => {
  class ShopToken extends AccessToken {
    static override tableName = 'shop_tokens';
    override $beforeInsert(context: QueryContext): void {
      super.$beforeInsert(context);
      this.familyId = 'seen';
    }
  }
  const fixture = await openFixture(kind, { AccessToken: ShopToken });
  try {
    const { application, token } = await newCase(fixture);
    const writer = writerOf(fixture, true);
    expect(await writer.insertIfUnchanged(application, token)).toBe(true);
    expect((await fixture.tokens.findAccessTokenByHash(token.tokenHash))?.familyId).toBe('seen');
    for (const [, change] of CHANGES) {
      const other = await newCase(fixture);
      await change(fixture, other.application);
      expect(await writer.insertIfUnchanged(other.application, other.token)).toBe(false);
    }
  } finally {
    await fixture.close();
  }
});
