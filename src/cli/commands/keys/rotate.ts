import { Option } from 'commander';
import type { CliCommand } from '../../cli-command.js';
import { CliContext } from '../../cli-context.js';
import type { Surroundings } from '../../surroundings.js';
import { ENCRYPTION_KEYS_HELP, readableTime, seconds, withSigningKeys } from './opened-signing-keys.js';

interface RotateOptions {
  readonly compromised?: boolean;
  readonly encryptionKeyLost?: boolean;
}

/** `rc-oauth2 keys rotate`: creates the next signing keys. */
export function addRotate(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('rotate')
    .summary('create the next signing keys')
    .description(
      'Creates the next key of each algorithm. Running servers publish it within 30 seconds, and all start to sign with it\n' +
        '90 seconds from now. The old keys stay published for 30 days, until everything that they signed has expired, and are\n' +
        'then removed by this command or by tokens clear-expired. Within the 90 seconds, the command creates no other.\n\n' +
        ENCRYPTION_KEYS_HELP,
    )
    .option(
      '--compromised',
      'the old keys have leaked: the new ones sign immediately, and signatures of the old ones are refused. For up to ' +
        '30 seconds (60 behind a cache) other servers do not publish the new keys yet, and sign with the old ones: ID ' +
        'tokens of that time may not verify',
    )
    .addOption(
      new Option(
        '--encryption-key-lost',
        'the stored keys cannot be decrypted any more: replace them immediately, as with --compromised',
      ),
    )
    .action(async (options: RotateOptions, command: CliCommand) => {
      const context = new CliContext(command, surroundings);
      await context.withOAuth2({}, (oauth2) =>
        withSigningKeys(oauth2, surroundings, async (signingKeys) => {
          const keys = (await signingKeys.rotate(options)).map((key) => ({
            kid: key.kid,
            alg: key.algorithm,
            signs_from: seconds(key.signsFromMilliseconds),
            created: key.created,
          }));
          const lines = keys.map(({ alg, kid, signs_from, created }) => {
            const what = created ? 'signs from' : 'was announced before, signs from';
            return `${alg}  ${kid}  ${what} ${readableTime(signs_from)}`;
          });
          context.output.result({ keys }, lines.join('\n'));
        }),
      );
    });
}
