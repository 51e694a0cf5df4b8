import type { OAuth2Services } from '../../../services.js';
import { keyPrefixOption, tellingCaches } from '../../caches.js';
import type { CliCommand } from '../../cli-command.js';
import { CliContext } from '../../cli-context.js';
import type { Surroundings } from '../../surroundings.js';
import { known } from './unknown.js';

interface StateOptions {
  readonly keyPrefix?: string;
}

/** `rc-oauth2 applications disable`: disables an application and refuses all its tokens in every process. */
export function addDisable(parent: CliCommand, surroundings: Surroundings): void {
  addStateCommand(parent, surroundings, {
    name: 'disable',
    summary: 'disable an application',
    description:
      'Disables an application: it gets no tokens, and its existing ones are refused until it is enabled again.\n' +
      'With --redis every process drops its tokens from its cache; without it, processes notice within their revocation bound.',
    disabled: true,
  });
}

/** `rc-oauth2 applications enable`: reverses `disable`. */
export function addEnable(parent: CliCommand, surroundings: Surroundings): void {
  addStateCommand(parent, surroundings, {
    name: 'enable',
    summary: 'enable an application again',
    description: 'Enables an application that was disabled. Its tokens that have not expired are valid again.',
    disabled: false,
  });
}

interface StateCommand {
  readonly name: 'disable' | 'enable';
  readonly summary: string;
  readonly description: string;
  readonly disabled: boolean;
}

function addStateCommand(parent: CliCommand, surroundings: Surroundings, state: StateCommand): void {
  const { name, disabled } = state;
  parent
    .command(name)
    .summary(state.summary)
    .description(state.description)
    .argument('<client_id>', 'client identifier; put one that begins with -- after a separate --')
    .addOption(keyPrefixOption())
    .action(async (clientId: string, options: StateOptions, command: CliCommand) => {
      const context = new CliContext(command, surroundings);
      await context.withOAuth2({ keyPrefix: options.keyPrefix }, async (oauth2) => {
        known((await oauth2.applications.exists(clientId)) || undefined, clientId);
        const set = ({ applications }: OAuth2Services) => applications[name](clientId);
        const done = `the application ${clientId} is ${name}d in the database`;
        const changed = await tellingCaches(context, oauth2, { done, advice: `run ${name} again` }, set);
        const text = changed ? `${clientId} is ${name}d.` : `${clientId} was ${name}d already.`;
        context.output.result({ client_id: clientId, disabled, changed }, text);
      });
    });
}
