import type { CliCommand } from '../../cli-command.js';
import { CliContext, type Surroundings } from '../../cli-context.js';
import { ENCRYPTION_KEYS_HELP, withSigningKeys } from './opened-signing-keys.js';

/** `rc-oauth2 keys reseal`: the last step but one of replacing an encryption key. */
export function addReseal(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('reseal')
    .summary('seal the signing keys under the newest encryption key')
    .description(
      'Seals every signing key under the newest encryption key. To replace an encryption key: add the new one behind the\n' +
        'old one on every server, then put it first, then run this; when sessions and codes from before have expired,\n' +
        'take the old one away.\n\n' +
        ENCRYPTION_KEYS_HELP,
    )
    .action(async (_options: object, command: CliCommand) => {
      const context = new CliContext(command, surroundings);
      await context.withOAuth2({}, (oauth2) =>
        withSigningKeys(oauth2, surroundings, async (signingKeys) => {
          const resealed = await signingKeys.reseal();
          context.output.result(
            { resealed },
            resealed === 0
              ? 'All signing keys are under the newest encryption key.'
              : `Sealed ${resealed} signing keys.`,
          );
        }),
      );
    });
}
