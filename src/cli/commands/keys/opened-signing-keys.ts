import type { SigningKeys } from '../../../authorization-server/keys/signing-keys.js';
import { ConfigurationError } from '../../../core/errors.js';
import { type CommandServices, usage } from '../../cli-context.js';
import { CliError } from '../../cli-error.js';
import { EXIT_CODES } from '../../exit-codes.js';
import type { Surroundings } from '../../surroundings.js';

/**
 * The environment variable with the encryption keys. There is no option, because command lines are visible in the list
 * of processes.
 */
const VARIABLE = 'OAUTH2_ENCRYPTION_KEYS';

/** Part of the help of the commands that need encryption keys. */
export const ENCRYPTION_KEYS_HELP =
  `The encryption keys of the servers are read from the environment variable ${VARIABLE}: base64url text of\n` +
  '32 bytes each, separated by commas, the newest first, as in the option encryptionKeys. With --config they come from there.';

/**
 * Runs `use` with the signing keys, decrypted with the encryption keys from the environment, or from the options of the servers.
 *
 * @throws CliError if there are none, or one is invalid, or they do not decrypt the stored keys
 */
export async function withSigningKeys<T>(
  oauth2: CommandServices,
  { env }: Surroundings,
  use: (keys: SigningKeys) => Promise<T>,
): Promise<T> {
  const [{ createSealer }, { SigningKeys: Keys }, { SigningKeyRepository }] = await Promise.all([
    import('../../../authorization-server/keys/sealer.js'),
    import('../../../authorization-server/keys/signing-keys.js'),
    import('../../../storage/index.js'),
  ]);
  const sealer =
    (env[VARIABLE] ? undefined : oauth2.options.authorizationServer?.sealer) ??
    createSealer(encryptionKeys(env), { path: VARIABLE });
  try {
    return await use(new Keys({ repository: new SigningKeyRepository(oauth2.models), sealer }));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const message = error.message
      .replace('encryptionKeys', VARIABLE)
      .replace('rotate with encryptionKeyLost', 'run rc-oauth2 keys rotate --encryption-key-lost');
    throw new CliError(EXIT_CODES.refused, 'sealed_value', message, { cause: error });
  }
}

function encryptionKeys(env: NodeJS.ProcessEnv): string[] {
  const text = env[VARIABLE]?.trim() ?? '';
  if (text === '')
    throw usage(
      `no encryption keys given; set ${VARIABLE} to those of the servers, the newest first, or name their options with --config <file>.`,
    );
  return text.split(',').map((key) => key.trim());
}

/** A time in the JSON output: whole seconds since 1970, as in RFC 7662 §2.2. */
export function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

/** A time in the text output. */
export function readableTime(secondsSince1970: number | null): string {
  return secondsSince1970 === null ? '-' : new Date(secondsSince1970 * 1000).toISOString().replace('.000Z', 'Z');
}
