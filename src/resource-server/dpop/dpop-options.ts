import {
  choiceOption,
  knownOptions,
  listOption,
  numberOption,
  optionPath,
  refuseOption,
  wholeNumberOption,
} from '../../core/options/index.js';
import { readSecretKeys, type SecretKey } from '../../core/secret-keys.js';
import { requireJose } from '../jose.js';
import { ASYMMETRIC_ALGORITHMS } from '../verifiers/jwt/jwt-algorithms.js';

/** How key-bound access tokens are accepted (DPoP, RFC 9449). */
export interface DPoPOptions {
  /**
   * The public URL of the path `/` of this application, including a prefix that a proxy removes, e.g.
   * `https://api.example.com/v1`. Default: the origin of `resource`, or else that of the authorization server's issuer.
   */
  readonly publicUrl?: string | undefined;
  /** The accepted algorithms for proofs. Default ES256, RS256, PS256 and EdDSA, as at the token endpoint. */
  readonly algorithms?: readonly string[] | undefined;
  /** The maximum age of a proof, in seconds, 1 to 300. Default 60. */
  readonly maxAgeSeconds?: number | undefined;
  /** How far the clock of a caller may be ahead, in seconds, 0 to 300. Default 5. */
  readonly clockToleranceSeconds?: number | undefined;
  /**
   * Requires nonces (RFC 9449 §9), which are derived from these keys of 32 bytes: new nonces from the first key, and
   * those of every key are accepted. All processes need the same keys. Default: no nonces.
   */
  readonly nonceKeys?: readonly SecretKey[] | undefined;
  /**
   * What happens while Redis, which stores the used proofs, does not answer: `refuse` answers 503; `process` lets each
   * process use its own memory, so that a proof can be used once in each. Default `refuse`. Without Redis each process
   * always uses its own memory.
   */
  readonly whenRedisFails?: 'refuse' | 'process' | undefined;
}

/** The validated options. */
export interface DPoPSettings {
  readonly publicUrl: string | undefined;
  readonly algorithms: readonly string[];
  readonly maxAgeSeconds: number;
  readonly clockToleranceSeconds: number;
  readonly nonceKeys: readonly Buffer[] | undefined;
  readonly whenRedisFails: 'refuse' | 'process';
}

const NAMES = [
  'publicUrl',
  'algorithms',
  'maxAgeSeconds',
  'clockToleranceSeconds',
  'nonceKeys',
  'whenRedisFails',
] as const satisfies readonly (keyof DPoPOptions)[];

/** The algorithms of the token endpoint (RFC 9449 §5), which binds tokens to no other keys. */
const DEFAULT_ALGORITHMS = ['ES256', 'RS256', 'PS256', 'EdDSA'] as const;

/** @throws ConfigurationError if an option is unknown or wrong, or jose is not installed */
export function readDPoPOptions(path: string, given: unknown): DPoPSettings {
  const options = knownOptions<DPoPOptions>(path, given, NAMES, 'give true, false or an object such as { publicUrl }');
  const { publicUrl, algorithms, maxAgeSeconds = 60, clockToleranceSeconds = 5 } = options;
  const { nonceKeys, whenRedisFails = 'refuse' } = options;
  const at = (name: keyof DPoPOptions) => optionPath(path, name);
  wholeNumberOption(at('maxAgeSeconds'), maxAgeSeconds, { least: 1, most: 300 });
  numberOption(at('clockToleranceSeconds'), clockToleranceSeconds, { least: 0, most: 300 });
  requireJose(path);
  return {
    publicUrl: publicUrl === undefined ? undefined : readPublicUrl(at('publicUrl'), publicUrl),
    algorithms: algorithms === undefined ? DEFAULT_ALGORITHMS : readAlgorithms(at('algorithms'), algorithms),
    maxAgeSeconds,
    clockToleranceSeconds,
    nonceKeys: nonceKeys === undefined ? undefined : readSecretKeys(nonceKeys, at('nonceKeys')),
    whenRedisFails: choiceOption(at('whenRedisFails'), whenRedisFails, ['refuse', 'process']),
  };
}

function readPublicUrl(path: string, value: unknown): string {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url === undefined || !isHttp || url.search !== '' || url.hash !== '' || url.username !== '') {
    refuseOption(path, value, 'give the URL that callers see, without query, e.g. https://api.example.com');
  }
  return url.href;
}

function readAlgorithms(path: string, value: unknown): readonly string[] {
  const fix = `give a list of asymmetric algorithms: ${ASYMMETRIC_ALGORITHMS.join(', ')}`;
  const list = listOption(path, value, fix);
  if (list.length === 0) refuseOption(path, value, fix);
  return list.map((one, index) => choiceOption(optionPath(path, index), one, ASYMMETRIC_ALGORITHMS));
}
