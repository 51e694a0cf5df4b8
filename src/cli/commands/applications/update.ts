import { Option } from 'commander';
import { ConfigurationError } from '../../../core/errors.js';
import type { Application, ApplicationLifetimes, ApplicationPatch, Registrar } from '../../../storage/index.js';
import type { ProtocolMetadata } from '../../../storage/models/protocol-metadata.js';
import type { CliCommand } from '../../cli-command.js';
import { CliContext, type Surroundings, usage } from '../../cli-context.js';
import {
  exactText,
  grantTypes,
  origins,
  redirectSchemes,
  redirectUris,
  scopes,
  shortText,
} from '../../option-values.js';
import { columns } from '../../output.js';
import { describeInFull, inWords } from './describe.js';
import { extraColumns } from './extra-columns.js';
import { keySetOf } from './key-set-file.js';
import { type LifetimeOptions, lifetimeOptions, lifetimesOf } from './lifetime-options.js';
import { type ProtocolOptions, protocolOf, protocolOptions } from './protocol-options.js';
import { known } from './unknown.js';

/** What commander makes of the options; `false`: the property is taken away, or the flag is off. */
interface UpdateOptions extends LifetimeOptions, ProtocolOptions {
  readonly name?: string;
  readonly grants?: string[];
  readonly scopes?: string[];
  readonly anyScope?: boolean;
  readonly redirectUris?: string[] | false;
  readonly redirectSchemes?: string[];
  readonly postLogoutRedirectUris?: string[] | false;
  readonly allowedOrigins?: string[] | false;
  readonly jwks?: string | false;
  readonly jwksUri?: string | false;
  readonly owner?: string | false;
  readonly registeredBy?: Registrar;
  readonly mayIntrospect?: boolean;
  readonly skipConsent?: boolean;
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** How the storage's refusals name an option. */
const FLAGS: Readonly<Record<string, string>> = {
  name: '--name',
  grantTypes: '--grants',
  scopes: '--scopes',
  redirectUris: '--redirect-uris',
  postLogoutRedirectUris: '--post-logout-redirect-uris',
  allowedOrigins: '--allowed-origins',
  jwks: '--jwks',
  jwksUri: '--jwks-uri',
  userId: '--owner',
  tokenEndpointAuthMethod: '--token-endpoint-auth-method',
  tokenEndpointAuthSigningAlg: '--token-endpoint-auth-signing-alg',
};

/** `rc-oauth2 applications update`: changes what is given of an application and keeps the rest. */
export function addUpdate(parent: CliCommand, surroundings: Surroundings): void {
  const command = parent
    .command('update')
    .summary('change an application')
    .description(
      'Changes what is given of an application and keeps the rest. Each property is replaced as a whole: lists are not added to.\n' +
        'Tokens that were issued before keep their scopes and their end.',
    )
    .argument('<client_id>', 'client identifier; one that begins with -- may be put behind a lone --')
    .option('--name <name>', 'what people are shown', shortText)
    .option('--grants <types>', 'grant types, separated by commas or spaces, as for create', grantTypes)
    .option('--scopes <scopes>', 'scopes that it may have, separated by spaces; "" for none', scopes)
    .option('--any-scope', 'it may have any scope that the server knows')
    .option('--redirect-uris <uris>', 'redirect URIs, separated by spaces', redirectUris)
    .option('--no-redirect-uris', 'it has none')
    .option('--post-logout-redirect-uris <uris>', 'where its users may go after a sign-out', redirectUris)
    .option('--no-post-logout-redirect-uris', 'they may go nowhere')
    .option('--allowed-origins <origins>', 'origins whose pages may read what it is answered (CORS)', origins)
    .option('--no-allowed-origins', 'it names none')
    .option('--redirect-schemes <schemes>', 'private-use schemes that its redirect URIs may have', redirectSchemes)
    .option('--jwks <file>', 'JSON file with its public keys; it then uses private_key_jwt')
    .option('--no-jwks', 'it has no keys here')
    .option('--jwks-uri <uri>', 'where its public keys are; it then uses private_key_jwt')
    .option('--no-jwks-uri', 'its keys are nowhere else')
    .option('--owner <id>', 'user who owns it', exactText)
    .option('--no-owner', 'nobody owns it')
    .addOption(
      new Option('--registered-by <who>', 'whose registration it counts as').choices(['host', 'owner', 'registration']),
    )
    .option('--may-introspect', 'it may introspect tokens of other applications')
    .option('--no-may-introspect', 'it may not')
    .option(
      '--skip-consent',
      'its users are not asked for consent: for your own applications; at an address on their device they are all the same',
    )
    .option('--no-skip-consent', 'they are asked')
    .option('--extra <json>', 'columns that you added, as a JSON object', extraColumns);
  for (const option of [...lifetimeOptions(), ...protocolOptions()]) command.addOption(option);
  command.action(async (clientId: string, options: UpdateOptions, called: CliCommand) => {
    const patch = patchOf(options);
    const context = new CliContext(called, surroundings);
    await context.withOAuth2({}, async (oauth2) => {
      const { ApplicationRepository } = await import('../../../storage/index.js');
      const applications = new ApplicationRepository(oauth2.models, { redirectUriSchemes: options.redirectSchemes });
      const described = describeInFull(known(await named(applications.update(clientId, patch)), clientId));
      context.output.result(described, columns(inWords(described)));
    });
  });
}

type Complete<Properties> = { readonly [Name in keyof Required<Properties>]: Properties[Name] };

/** @throws CliError if nothing is to be changed, or two options say different things */
function patchOf(options: UpdateOptions): ApplicationPatch {
  if (options.anyScope && options.scopes !== undefined) throw usage('--any-scope and --scopes: give one of them.');
  // Every property of a patch has its option.
  const patch: Complete<ApplicationPatch> = {
    name: options.name,
    grantTypes: options.grants,
    scopes: options.anyScope ? null : options.scopes,
    redirectUris: options.redirectUris === false ? [] : options.redirectUris,
    postLogoutRedirectUris: options.postLogoutRedirectUris === false ? null : options.postLogoutRedirectUris,
    allowedOrigins: noneIf(options.allowedOrigins),
    jwks: options.jwks ? keySetOf(options.jwks) : noneIf<undefined>(options.jwks === false ? false : undefined),
    jwksUri: noneIf(options.jwksUri),
    userId: noneIf(options.owner),
    registeredBy: options.registeredBy,
    mayIntrospect: options.mayIntrospect,
    skipAuthorization: options.skipConsent,
    extra: options.extra,
    ...(lifetimesOf(options) as Complete<ApplicationLifetimes>),
    ...(protocolOf(options) as Complete<ProtocolMetadata>),
  };
  if (Object.values(patch).every((value) => value === undefined)) {
    throw usage('nothing to change; give at least one option, e.g. --name. See rc-oauth2 applications update --help.');
  }
  return patch;
}

/** `--no-…` takes a property away. */
function noneIf<T>(value: T | false | undefined): T | null | undefined {
  return value === false ? null : value;
}

/** What the storage refuses, in the names of the options. */
async function named(updating: Promise<Application | undefined>): Promise<Application | undefined> {
  try {
    return await updating;
  } catch (error) {
    const [, property = '', rest = ''] =
      /^application\.(\w+)(.*)$/.exec((error as ConfigurationError).option ?? '') ?? [];
    const flag = FLAGS[property];
    if (!(error instanceof ConfigurationError) || flag === undefined) throw error;
    throw usage(error.message.replace(`application.${property}${rest}`, `${flag}${rest}`));
  }
}
