import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { calculateJwkThumbprint, type JWK } from 'jose';
import type { PrivateJwk } from '../../../src/authorization-server/keys/key-pair.js';
import { createSealer, type Sealer } from '../../../src/authorization-server/keys/sealer.js';
import {
  KEYS_ANNOUNCE_SECONDS,
  KEYS_PUBLISH_SECONDS,
  KEYS_RELOAD_SECONDS,
  SigningKeys,
} from '../../../src/authorization-server/keys/signing-keys.js';
import { ConfigurationError, TemporarilyUnavailableError } from '../../../src/core/errors.js';
import { SigningKeyRepository } from '../../../src/storage/index.js';
import { databaseKinds } from '../../support/services.js';
import { type Fixture, openFixture } from '../storage/fixture.js';

const ENCRYPTION_KEY = Buffer.alloc(32, 'one');
const START_MS = 1_700_000_000_000;

describe.each(databaseKinds())('the signing keys on %s', (kind) => {
  let fixture: Fixture;
  let now = START_MS;
  const clock = { nowMilliseconds: () => now, monotonicMilliseconds: () => now };

  beforeAll(async () => {
    fixture = await openFixture(kind);
  });

  beforeEach(async () => {
    now = START_MS;
    await fixture.models.SigningKey.query().delete();
  });

  afterAll(() => fixture.close());

  /** The keys as another process sees them. */
  function process(sealer: Sealer = createSealer([ENCRYPTION_KEY]), warnings: string[] = []): SigningKeys {
    const logger = { info() {}, error() {}, warn: (message: string) => warnings.push(message) };
    return new SigningKeys({ repository: new SigningKeyRepository(fixture.models, { clock }), sealer, clock, logger });
  }

  async function algorithms(keys: SigningKeys): Promise<string[]> {
    return (await keys.current()).jwks.keys.map(({ alg }) => alg);
  }

  /** The key that signs by an algorithm: the first one of it. */
  async function signing(keys: SigningKeys, algorithm = 'RS256'): Promise<PrivateJwk> {
    const found = (await keys.current()).jwks.keys.find(({ alg }) => alg === algorithm);
    if (found === undefined) throw new Error(`no key for ${algorithm}`);
    return found;
  }

  async function kids(keys: SigningKeys): Promise<string[]> {
    return (await keys.current()).jwks.keys.map(({ kid }) => kid);
  }

  test('are made when they are first needed: one for RS256 and one for ES256, which sign', async () => {
    const keys = process();
    expect(await algorithms(keys)).toEqual(['RS256', 'ES256']);
    for (const jwk of (await keys.current()).jwks.keys) {
      expect(jwk.use).toBe('sig');
      // RFC 7638
      expect(jwk.kid).toBe(await calculateJwkThumbprint(jwk as JWK));
      const privateKey = createPrivateKey({ key: jwk, format: 'jwk' });
      const signature = sign('sha256', Buffer.from('text'), privateKey);
      expect(verify('sha256', Buffer.from('text'), createPublicKey(privateKey), signature)).toBe(true);
    }
    expect(createPrivateKey({ key: await signing(keys), format: 'jwk' }).asymmetricKeyDetails?.modulusLength).toBe(
      2048,
    );
  });

  test('are the same for every process, of which several may start at once', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => kids(process())));
    expect(new Set(all.map((one) => one.join(' '))).size).toBe(1);
    expect(await fixture.models.SigningKey.query().resultSize()).toBe(2);
  });

  test('are read again alongside a reading that stalls, whose answer never takes the place of newer keys', async () => {
    const repository = new SigningKeyRepository(fixture.models, { clock });
    const sealer = createSealer([ENCRYPTION_KEY]);
    const stalls: (() => void)[] = [];
    let isStalling = false;
    const slow = Object.assign(Object.create(repository) as SigningKeyRepository, {
      async list() {
        const rows = await repository.list();
        if (isStalling) await new Promise<void>((resolve) => stalls.push(resolve));
        return rows;
      },
    });
    const keys = new SigningKeys({ repository: slow, sealer, clock });
    const before = await kids(keys);
    now += KEYS_RELOAD_SECONDS * 1000;
    isStalling = true;
    const first = kids(keys);
    while (stalls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    isStalling = false;

    // Whoever has stolen the keys must not be believed any longer than the bound.
    const [rotated] = await process().rotate({ compromised: true });
    now += 10_000;
    const newer = await kids(keys);
    expect(newer).toContain(rotated?.kid);
    for (const kid of before) expect(newer).not.toContain(kid);

    for (const goOn of stalls) goOn();
    expect(await first).toEqual(newer);
    expect(await kids(keys)).toEqual(newer);
  });

  test('are read again after the time for it although the wall clock was set back', async () => {
    let setBack = 0;
    const wall = { nowMilliseconds: () => now - setBack, monotonicMilliseconds: () => now };
    const repository = new SigningKeyRepository(fixture.models, { clock: wall });
    const keys = new SigningKeys({ repository, sealer: createSealer([ENCRYPTION_KEY]), clock: wall });
    await keys.current();
    const [rotated] = await process().rotate({ compromised: true });
    setBack = 3_600_000;
    now += KEYS_RELOAD_SECONDS * 1000;
    expect(await kids(keys)).toContain(rotated?.kid);
  });

  test('are stored sealed: nothing of a private key is in the database', async () => {
    const { d } = await signing(process());
    const rows = JSON.stringify(
      await fixture.database
        .knex(fixture.tables.signingKeys)
        .then((found) =>
          found.map((row: Record<string, unknown>) =>
            Object.values(row).map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : value)),
          ),
        ),
    );
    expect(rows).toContain('v1.');
    expect(rows).not.toContain(d as string);
    expect(rows).not.toContain('"kty"');
  });

  test('current() answers the same object, without the database, until it is to read again', async () => {
    const keys = process();
    const set = await keys.current();
    expect(keys.current()).toBe(set);
    now += KEYS_RELOAD_SECONDS * 1000 - 1;
    expect(keys.current()).toBe(set);
    now += 1;
    const reading = keys.current();
    expect(reading).toBeInstanceOf(Promise);
    expect(await reading).toBe(set);
  });

  test('a rotated key is announced first, then signs in every process at the same time, and the old one stays', async () => {
    const [here, there] = [process(), process()];
    const old = await signing(here);
    await there.current();
    expect(await here.rotate()).toEqual([
      expect.objectContaining({
        algorithm: 'RS256',
        created: true,
        signsFromMilliseconds: now + KEYS_ANNOUNCE_SECONDS * 1000,
      }),
      expect.objectContaining({ algorithm: 'ES256', created: true }),
    ]);
    now += KEYS_RELOAD_SECONDS * 1000;
    expect(await algorithms(there)).toEqual(['RS256', 'RS256', 'ES256', 'ES256']);
    expect((await signing(there)).kid).toBe(old.kid);
    now = START_MS + KEYS_ANNOUNCE_SECONDS * 1000 - 1;
    expect((await signing(there)).kid).toBe(old.kid);
    const before = await there.current();
    now += 1;
    expect((await signing(there)).kid).not.toBe(old.kid);
    expect(await there.current()).not.toBe(before);
    expect(await signing(here)).toEqual(await signing(there));
    expect(await kids(there)).toContain(old.kid);
  });

  test('a retired key is published for thirty days after it signed last, and then removed', async () => {
    const keys = process();
    const old = await signing(keys);
    await keys.rotate();
    const lastMilliseconds = START_MS + (KEYS_ANNOUNCE_SECONDS + KEYS_PUBLISH_SECONDS) * 1000;
    now = lastMilliseconds - 1;
    expect(await kids(keys)).toContain(old.kid);
    now = lastMilliseconds;
    expect(await kids(keys)).not.toContain(old.kid);
    await keys.rotate();
    expect(await fixture.models.SigningKey.query().findOne({ kid: old.kid })).toBeUndefined();
  });

  test('of concurrent rotations one makes the next keys, and the others name them', async () => {
    await process().load();
    const rotations = await Promise.all(Array.from({ length: 8 }, () => process().rotate()));
    for (const index of [0, 1]) {
      const ofOne = rotations.map((rotated) => rotated[index]);
      expect(ofOne.filter((key) => key?.created)).toHaveLength(1);
      expect(new Set(ofOne.map((key) => key?.kid)).size).toBe(1);
    }
    expect(await fixture.models.SigningKey.query().resultSize()).toBe(4);
  });

  test('after a compromise the new keys sign at once, and the old ones are published no longer', async () => {
    const [here, there] = [process(), process()];
    const old = await kids(here);
    await there.current();
    await here.rotate();
    await here.rotate({ compromised: true });
    now += KEYS_RELOAD_SECONDS * 1000;
    expect(await algorithms(there)).toEqual(['RS256', 'ES256']);
    for (const kid of await kids(there)) expect(old).not.toContain(kid);
    expect(await fixture.models.SigningKey.query().resultSize()).toBe(2);
  });

  test('are listed with what they do, without their private part', async () => {
    const keys = process();
    await keys.load();
    await keys.rotate();
    now += KEYS_ANNOUNCE_SECONDS * 1000;
    await keys.rotate();
    const listed = await keys.list();
    expect(listed.map(({ algorithm, state }) => `${algorithm} ${state}`)).toEqual([
      'RS256 announced',
      'RS256 signing',
      'RS256 retired',
      'ES256 announced',
      'ES256 signing',
      'ES256 retired',
    ]);
    expect(JSON.stringify(listed)).not.toContain('v1.');
  });

  test('an encryption key may be replaced: both open, then all is encrypted again, then the old one is gone', async () => {
    const NEW = Buffer.alloc(32, 'two');
    const before = await kids(process());
    const both = process(createSealer([NEW, ENCRYPTION_KEY]));
    expect(await kids(both)).toEqual(before);
    await expect(process(createSealer([NEW])).load()).rejects.toThrow(ConfigurationError);
    expect([await both.reseal(), await both.reseal()]).toEqual([2, 0]);
    expect(await kids(process(createSealer([NEW])))).toEqual(before);
  });

  test('a key that was put into the row of another does not open', async () => {
    const keys = process();
    const [first, second] = await kids(keys);
    const row = await fixture.models.SigningKey.query().findOne({ kid: first as string });
    await fixture.models.SigningKey.query()
      .where({ kid: second as string })
      .patch({ privateKeyEncrypted: row?.privateKeyEncrypted });
    await expect(process().load()).rejects.toThrow(`The signing key ${second} cannot be decrypted`);
  });

  test('a rotation under an encryption key that the servers may not know is refused', async () => {
    const before = await kids(process());
    const stranger = process(createSealer([Buffer.alloc(32, 'two')]));
    await expect(stranger.rotate()).rejects.toThrow(/cannot be decrypted/);
    await expect(stranger.rotate({ compromised: true })).rejects.toThrow(/cannot be decrypted/);
    expect(await kids(process())).toEqual(before);
  });

  test('a lost encryption key is survived by keys that replace the stored ones at once', async () => {
    await process().load();
    const keys = process(createSealer([Buffer.alloc(32, 'two')]));
    await expect(keys.load()).rejects.toThrow(/cannot be decrypted/);
    await keys.rotate({ encryptionKeyLost: true });
    expect(await algorithms(keys)).toEqual(['RS256', 'ES256']);
  });
});

test('while the database is unavailable the keys that were read last stay in use, and the operator is told', async () => {
  const fixture = await openFixture('sqlite');
  let now = START_MS;
  const clock = { nowMilliseconds: () => now, monotonicMilliseconds: () => now };
  const warnings: string[] = [];
  const logger = { info() {}, error() {}, warn: (message: string) => warnings.push(message) };
  const repository = new SigningKeyRepository(fixture.models, { clock });
  const keys = new SigningKeys({ repository, sealer: createSealer([ENCRYPTION_KEY]), clock, logger });
  const set = await keys.current();
  await fixture.close();
  now += KEYS_RELOAD_SECONDS * 1000;
  expect(await keys.current()).toBe(set);
  expect(warnings).toEqual([expect.stringMatching(/^The signing keys could not be read again/)]);
  const fresh = new SigningKeys({ repository, sealer: createSealer([ENCRYPTION_KEY]), clock });
  await expect(async () => fresh.current()).rejects.toThrow(TemporarilyUnavailableError);
});
