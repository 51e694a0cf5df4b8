import type { CliCommand } from '../../cli-command.js';
import { CliContext } from '../../cli-context.js';
import type { Surroundings } from '../../surroundings.js';
import { ENCRYPTION_KEYS_HELP, withSigningKeys } from './opened-signing-keys.js';

/** `rc-oauth2 keys reseal`: the last but one step of replacing an encryption key. */
export function addReseal(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('reseal')
    .summary('encrypt the signing keys with the newest encryption key')
    .description(
      'Encrypts every signing key with the newest encryption key. To replace an encryption key: add the new one after the\n' +
        'old one on every server, then move it to the front, then run this command; when all earlier sessions and codes\n' +
        'have expired, remove the old one.\n\n' +
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
              ? 'All signing keys are encrypted with the newest encryption key already.'
              : `Encrypted ${resealed} signing keys with the newest encryption key.`,
          );
        }),
      );
    });
}
