import { Option } from 'commander';
import { ConfigurationError } from '../../../core/errors.js';
import type { Application, ApplicationLifetimes, ApplicationPatch, Registrar } from '../../../storage/index.js';
import type { ProtocolMetadata } from '../../../storage/models/protocol-metadata.js';
import type { CliCommand } from '../../cli-command.js';
import { CliContext, usage } from '../../cli-context.js';
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
import type { Surroundings } from '../../surroundings.js';
import { describeInFull, inWords } from './describe.js';
import { extraColumns } from './extra-columns.js';
import { keySetOf } from './key-set-file.js';
import { type LifetimeOptions, lifetimeOptions, lifetimesOf } from './lifetime-options.js';
import { type ProtocolOptions, protocolOf, protocolOptions } from './protocol-options.js';
import { known } from './unknown.js';

/** The parsed options; `false`: the property is removed, or the flag is off. */
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

/** The command-line options for the properties that the storage's errors name. */
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

/** `rc-oauth2 applications update`: changes the given properties of an application and keeps the rest. */
export function addUpdate(parent: CliCommand, surroundings: Surroundings): void {
  const command = parent
    .command('update')
    .summary('change an application')
    .description(
      'Changes the given properties of an application and keeps the rest. A list is replaced as a whole, not extended.\n' +
        'Tokens that were issued before keep their scopes and expiry.',
    )
    .argument('<client_id>', 'client identifier; put one that begins with -- after a separate --')
    .option('--name <name>', 'name that is shown to people', shortText)
    .option('--grants <types>', 'grant types, separated by commas or spaces, as for create', grantTypes)
    .option('--scopes <scopes>', 'allowed scopes, separated by spaces; "" for none', scopes)
    .option('--any-scope', 'allow all scopes that the server knows')
    .option('--redirect-uris <uris>', 'redirect URIs, separated by spaces', redirectUris)
    .option('--no-redirect-uris', 'remove all redirect URIs')
    .option(
      '--post-logout-redirect-uris <uris>',
      'URIs to which its users may be redirected after signing out',
      redirectUris,
    )
    .option('--no-post-logout-redirect-uris', 'remove all post-logout redirect URIs')
    .option('--allowed-origins <origins>', 'origins whose pages may read responses to it (CORS)', origins)
    .option('--no-allowed-origins', 'remove all origins')
    .option('--redirect-schemes <schemes>', 'private-use schemes for its redirect URIs', redirectSchemes)
    .option('--jwks <file>', 'JSON file with its public keys; it then uses private_key_jwt')
    .option('--no-jwks', 'remove the keys that are stored here')
    .option('--jwks-uri <uri>', 'URL of its public keys; it then uses private_key_jwt')
    .option('--no-jwks-uri', 'remove the URL of its keys')
    .option('--owner <id>', 'user who owns it', exactText)
    .option('--no-owner', 'remove its owner')
    .addOption(
      new Option('--registered-by <who>', 'whose registration it counts as').choices(['host', 'owner', 'registration']),
    )
    .option('--may-introspect', 'it may introspect tokens of other applications')
    .option('--no-may-introspect', 'it may introspect only its own tokens')
    .option(
      '--skip-consent',
      'its users are not asked for consent, except with redirect URIs on their device; for your own applications',
    )
    .option('--no-skip-consent', 'its users are asked for consent')
    .option('--extra <json>', 'columns that you added, as a JSON object', extraColumns);
  for (const option of [...lifetimeOptions(), ...protocolOptions()]) command.addOption(option);
  command.action(async (clientId: string, options: UpdateOptions, called: CliCommand) => {
    const patch = patchOf(options);
    const context = new CliContext(called, surroundings);
    await context.withOAuth2({}, async (oauth2) => {
      const { ApplicationRepository } = await import('../../../storage/index.js');
      const { redirectSchemes = oauth2.options.authorizationServer?.redirectUriSchemes } = options;
      const applications = new ApplicationRepository(oauth2.models, { redirectUriSchemes: redirectSchemes });
      const described = describeInFull(known(await named(applications.update(clientId, patch)), clientId));
      context.output.result(described, columns(inWords(described)));
    });
  });
}

type Complete<Properties> = { readonly [Name in keyof Required<Properties>]: Properties[Name] };

/** @throws CliError if nothing is to be changed, or two options contradict each other */
function patchOf(options: UpdateOptions): ApplicationPatch {
  if (options.anyScope && options.scopes !== undefined) throw usage('--any-scope and --scopes: give one of them.');
  // The type requires an option for every property of a patch.
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

/** `--no-…` removes a property. */
function noneIf<T>(value: T | false | undefined): T | null | undefined {
  return value === false ? null : value;
}

/** Renames properties in the storage's errors to the options. */
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
