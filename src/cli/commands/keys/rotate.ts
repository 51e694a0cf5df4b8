import { Option } from 'commander';
import type { CliCommand } from '../../cli-command.js';
import { CliContext, type Surroundings } from '../../cli-context.js';
import { ENCRYPTION_KEYS_HELP, readableTime, seconds, withSigningKeys } from './opened-signing-keys.js';

interface RotateOptions {
  readonly compromised?: boolean;
  readonly encryptionKeyLost?: boolean;
}

/** `rc-oauth2 keys rotate`: the next keys to sign with. */
export function addRotate(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('rotate')
    .summary('make the next signing keys')
    .description(
      'Makes the next key of each algorithm. Running servers publish it within 30 seconds and all begin to sign with it 90\n' +
        'seconds from now; the old keys stay published for 30 days, until what they signed has expired, and are then\n' +
        'removed by this command or by tokens clear-expired. Called again within the 90 seconds, it makes no other.\n\n' +
        ENCRYPTION_KEYS_HELP,
    )
    .option(
      '--compromised',
      'the old keys are known to someone: the new ones sign at once, and what the old ones signed is refused. For up to ' +
        '30 seconds (60 behind a cache) other servers do not publish the new keys yet, and sign with the old ones: ID ' +
        'tokens of that time may not verify',
    )
    .addOption(
      new Option(
        '--encryption-key-lost',
        'the stored keys cannot be opened any more: replace them at once, as with --compromised',
      ),
    )
    .action(async (options: RotateOptions, command: CliCommand) => {
      const context = new CliContext(command, surroundings);
      await context.withOAuth2({}, (oauth2) =>
        withSigningKeys(oauth2, surroundings, async (signingKeys) => {
          const keys = (await signingKeys.rotate(options)).map((key) => ({
            kid: key.kid,
            alg: key.algorithm,
            signs_from: seconds(key.signsFromMs),
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
