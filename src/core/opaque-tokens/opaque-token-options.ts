import { choiceOption, knownOptions, listOption, optionPath, refuseOption } from '../options/index.js';
import { readSecretKeys, type SecretKey } from '../secret-keys.js';

/** What opaque tokens look like, and which of them are looked up: the option `opaqueTokens` of `createOAuth2`. */
export interface OpaqueTokenOptions {
  /**
   * How access and refresh tokens begin, so that scanners for leaked secrets find them: 1 to 32 letters, digits and `-_~+/`.
   * Tokens with another beginning count as `unchecked`. Default `rco_`.
   */
  readonly prefix?: string | undefined;
  /**
   * What the check characters of tokens are made with: keys of 32 bytes (or their base64url text), or `'database'`, the key
   * that the database holds. The first one makes them, each one verifies them, so that one can be replaced by the next.
   * The same in every process. Default `['database']`.
   */
  readonly checkKeys?: readonly (SecretKey | 'database')[] | undefined;
  /**
   * Whether tokens without prefix and check characters are looked up, such as imported ones. Default: `refuse` if every token
   * in the database was issued with them, otherwise `accept`.
   */
  readonly unchecked?: 'accept' | 'refuse' | undefined;
}

/** The options, checked. */
export interface OpaqueTokenSettings {
  readonly prefix: string;
  /** Secrets of 32 bytes in their order; `undefined` stands for the one that the database holds. */
  readonly secrets: readonly (Buffer | undefined)[];
  /** `undefined`: as the database says. */
  readonly unchecked: 'accept' | 'refuse' | undefined;
}

const NAMES = ['prefix', 'checkKeys', 'unchecked'] as const satisfies readonly (keyof OpaqueTokenOptions)[];

const DATABASE = 'database';

/** The characters of `b64token` (RFC 6750 §2.1) but the dot, which would make a token look like a JWT, and the padding. */
const PREFIX = /^[A-Za-z0-9_~+/-]{1,32}$/;

/** @throws ConfigurationError naming the option and the fix; no key is shown */
export function readOpaqueTokenOptions(path: string, given: unknown): OpaqueTokenSettings {
  const options = knownOptions<OpaqueTokenOptions>(path, given ?? {}, NAMES);
  const { prefix = 'rco_', checkKeys = [DATABASE], unchecked } = options;
  if (typeof prefix !== 'string' || !PREFIX.test(prefix)) {
    refuseOption(optionPath(path, 'prefix'), prefix, "use 1 to 32 letters, digits and -_~+/, such as 'rco_'");
  }
  if (unchecked !== undefined) choiceOption(optionPath(path, 'unchecked'), unchecked, ['accept', 'refuse']);
  return { prefix, secrets: readCheckKeys(optionPath(path, 'checkKeys'), checkKeys), unchecked };
}

function readCheckKeys(path: string, given: unknown): readonly (Buffer | undefined)[] {
  const fix = "give a list of keys of 32 bytes and 'database', the newest first";
  const entries = listOption(path, given, fix);
  const keys = entries.filter((entry) => entry !== DATABASE);
  if (entries.length === 0 || entries.length - keys.length > 1) refuseOption(path, given, fix, { secret: true });
  const read = keys.length === 0 ? [] : readSecretKeys(keys as SecretKey[], path);
  let next = 0;
  return entries.map((entry) => (entry === DATABASE ? undefined : read[next++]));
}
