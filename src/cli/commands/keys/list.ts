import type { CliCommand } from '../../cli-command.js';
import { CliContext } from '../../cli-context.js';
import { columns } from '../../output.js';
import type { Surroundings } from '../../surroundings.js';
import { readableTime, seconds } from './opened-signing-keys.js';

/** `rc-oauth2 keys list`: the keys that are published, without their private parts. */
export function addKeysList(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('list')
    .summary('list the signing keys')
    .description(
      'Lists the keys that the servers publish: those that sign, those that are announced and will sign later, and retired\n' +
        'ones, which are kept until everything that they signed has expired. Needs no encryption key.',
    )
    .action(async (_options: object, command: CliCommand) => {
      const context = new CliContext(command, surroundings);
      await context.withOAuth2({}, async (oauth2) => {
        const { describeSigningKeys } = await import('../../../authorization-server/keys/signing-keys.js');
        const { SigningKeyRepository } = await import('../../../storage/index.js');
        const rows = await new SigningKeyRepository(oauth2.models).list();
        const keys = describeSigningKeys(rows, Date.now()).map((key) => ({
          kid: key.kid,
          alg: key.algorithm,
          state: key.state,
          created_at: seconds(key.createdAtMilliseconds),
          signs_from: seconds(key.signsFromMilliseconds),
          expires_at: key.expiresAtMilliseconds === undefined ? null : seconds(key.expiresAtMilliseconds),
        }));
        const lines = keys.map((key) => [
          key.kid,
          key.alg,
          key.state,
          readableTime(key.created_at),
          readableTime(key.signs_from),
          readableTime(key.expires_at),
        ]);
        const none = 'No signing keys: the first server that starts creates them.';
        context.output.result(
          { keys },
          keys.length === 0 ? none : columns([['KID', 'ALG', 'STATE', 'CREATED', 'SIGNS_FROM', 'EXPIRES'], ...lines]),
        );
      });
    });
}
