import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createSealer } from '../../../src/authorization-server/keys/sealer.js';
import { SigningKeys } from '../../../src/authorization-server/keys/signing-keys.js';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { SigningKeyRepository } from '../../../src/storage/index.js';
import { objectOf, resultOf, runCli } from '../../support/cli/run-cli.js';
import { type FreshDatabase, freshDatabase } from '../../support/services.js';

interface PrintedKey {
  readonly kid: string;
  readonly alg: string;
  readonly state: string;
  readonly created: boolean;
  readonly signs_from: number;
  readonly expires_at: number | null;
}

// They are in the titles of tests, which are the same in each run.
const keyOf = (name: string) => createHash('sha256').update(name).digest('base64url');
const KEY = keyOf('first');
const NEXT_KEY = keyOf('next');

describe('keys', () => {
  let database: FreshDatabase;
  let oauth2: OAuth2;
  let outputs: string[] = [];

  beforeAll(async () => {
    database = await freshDatabase('mariadb');
    oauth2 = createOAuth2({ database: database.url });
    await oauth2.migrate();
  });

  afterAll(async () => {
    await oauth2?.close();
    await database?.drop();
  });

  beforeEach(async () => {
    outputs = [];
    await oauth2.models.SigningKey.query().delete();
  });

  afterEach(() => {
    for (const output of outputs) for (const key of [KEY, NEXT_KEY]) expect(output).not.toContain(key);
  });

  async function keys(command: string[], encryptionKeys?: string) {
    const env = { DATABASE_URL: database.url, ...(encryptionKeys && { OAUTH2_ENCRYPTION_KEYS: encryptionKeys }) };
    const finished = await runCli(['keys', ...command], { env });
    outputs.push(finished.stdout, finished.stderr);
    return finished;
  }

  async function printed(command: string[], encryptionKeys?: string): Promise<PrintedKey[]> {
    return resultOf(await keys([...command, '--json'], encryptionKeys)).keys as PrintedKey[];
  }

  /** What a server publishes with these encryption keys. */
  async function published(...encryptionKeys: string[]): Promise<string[]> {
    const repository = new SigningKeyRepository(oauth2.models);
    const { jwks } = await new SigningKeys({ repository, sealer: createSealer(encryptionKeys) }).load();
    return jwks.keys.map(({ kid }) => kid);
  }

  test('rotate announces the next keys, once however often it is called, and servers open them', async () => {
    const [rsa, ec] = await published(KEY);
    const nowSeconds = Math.floor(Date.now() / 1000);
    const rotated = await printed(['rotate'], ` ${KEY} `);
    expect(rotated.map(({ alg, created }) => [alg, created])).toEqual([
      ['RS256', true],
      ['ES256', true],
    ]);
    for (const { signs_from } of rotated) expect(signs_from).toBeGreaterThanOrEqual(nowSeconds + 90);
    const [nextRsa, nextEc] = rotated.map(({ kid }) => kid);
    expect(await published(KEY)).toEqual([rsa, nextRsa, ec, nextEc]);
    expect((await printed(['rotate'], KEY)).map(({ kid, created }) => [kid, created])).toEqual([
      [nextRsa, false],
      [nextEc, false],
    ]);
    const listed = await printed(['list']);
    expect(listed.map(({ kid, state }) => [kid, state])).toEqual([
      [nextRsa, 'announced'],
      [rsa, 'signing'],
      [nextEc, 'announced'],
      [ec, 'signing'],
    ]);
    expect(listed.map(({ expires_at }) => expires_at === null)).toEqual([true, false, true, false]);
  });

  test('rotate makes the first keys where there are none', async () => {
    const rotated = await printed(['rotate'], KEY);
    expect(await published(KEY)).toEqual(rotated.map(({ kid }) => kid));
  });

  test('rotate --compromised replaces the keys at once', async () => {
    const old = await published(KEY);
    const rotated = await printed(['rotate', '--compromised'], KEY);
    const now = await published(KEY);
    expect(now).toEqual(rotated.map(({ kid }) => kid));
    for (const kid of old) expect(now).not.toContain(kid);
  });

  test('speak to people too', async () => {
    expect((await keys(['list'])).stdout).toBe('No signing keys: the first server that starts creates them.\n');
    expect((await keys(['rotate'], KEY)).stdout).toMatch(/^RS256 {2}\S{43} {2}signs from \d{4}-\S+Z\nES256 .*Z\n$/);
    expect((await keys(['list'])).stdout).toMatch(
      /^KID +ALG +STATE .*\n\S{43} +RS256 +signing .*\n\S{43} +ES256 .*\n$/,
    );
    expect((await keys(['reseal'], KEY)).stdout).toBe(
      'All signing keys are encrypted with the newest encryption key already.\n',
    );
  });

  test('reseal lets an encryption key go', async () => {
    const kids = await published(KEY);
    expect(resultOf(await keys(['reseal', '--json'], `${NEXT_KEY},${KEY}`))).toEqual({ resealed: 2 });
    expect(await published(NEXT_KEY)).toEqual(kids);
  });

  test.each(['rotate', 'reseal'])('%s refuses encryption keys that do not open what is stored', async (command) => {
    const kids = await published(KEY);
    const finished = await keys([command, '--json'], NEXT_KEY);
    expect([finished.code, finished.stdout]).toEqual([1, '']);
    expect(objectOf(finished.stderr)).toEqual({
      error: 'sealed_value',
      error_description: expect.stringMatching(
        /cannot be decrypted; add .* to OAUTH2_ENCRYPTION_KEYS, or, if it is lost, run rc-oauth2 keys rotate --encryption-key-lost/,
      ),
    });
    expect(await published(KEY)).toEqual(kids);
    await printed(['rotate', '--encryption-key-lost'], NEXT_KEY);
    expect(await published(NEXT_KEY)).toHaveLength(2);
  });

  test.each([
    [undefined, /^rc-oauth2: no encryption keys given; set OAUTH2_ENCRYPTION_KEYS/],
    [' ', /no encryption keys given/],
    [`${KEY},`, /OAUTH2_ENCRYPTION_KEYS\[1\] cannot be .*it has 0 bytes/],
    [`${KEY} ${NEXT_KEY}`, /OAUTH2_ENCRYPTION_KEYS\[0\] cannot be a string: it is not base64url/],
    [`${KEY},${KEY}`, /OAUTH2_ENCRYPTION_KEYS cannot be a list: it holds the same key twice/],
    [KEY.slice(0, 40), /OAUTH2_ENCRYPTION_KEYS\[0\] cannot be a string: it has 30 bytes/],
  ])('with %j as encryption keys it is a usage error, and no key is shown', async (encryptionKeys, says) => {
    const { code, stdout, stderr } = await keys(['rotate'], encryptionKeys);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(says);
    expect(stderr).not.toContain(KEY.slice(0, 12));
  });
});
