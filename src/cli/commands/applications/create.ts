import { isDjangoSecret } from '../../../core/django-secret.js';
import { describeName } from '../../../core/options/index.js';
import { redirectUriProblem } from '../../../core/redirect-uri.js';
import type { ApplicationRepository, CreatedApplication } from '../../../storage/index.js';
import type { CliCommand } from '../../cli-command.js';
import { CliContext, refused, type Surroundings, usage } from '../../cli-context.js';
import { CliError } from '../../cli-error.js';
import { EXIT_CODES } from '../../exit-codes.js';
import {
  clientId,
  exactText,
  grantTypes,
  idTokenAlgorithm,
  origins,
  redirectSchemes,
  redirectUris,
  shortText,
  someScopes,
} from '../../option-values.js';
import { columns } from '../../output.js';
import { describeApplication, inWords } from './describe.js';
import { keySetOf } from './key-set-file.js';
import { type LifetimeOptions, lifetimeOptions, lifetimesOf } from './lifetime-options.js';

interface CreateOptions extends LifetimeOptions {
  readonly name: string;
  readonly grants: string[];
  readonly scopes?: string[];
  readonly redirectUris?: string[];
  readonly redirectSchemes?: string[];
  readonly public?: boolean;
  readonly clientId?: string;
  readonly secretHash?: string;
  readonly postLogoutRedirectUris?: string[];
  readonly allowedOrigins?: string[];
  readonly jwksUri?: string;
  readonly dpopBoundAccessTokens?: boolean;
  readonly requirePushedAuthorizationRequests?: boolean;
  readonly idTokenAlg?: 'RS256' | 'ES256';
  readonly jwks?: string;
  readonly owner?: string;
  readonly mayIntrospect?: boolean;
  readonly skipConsent?: boolean;
}

/** `rc-oauth2 applications create`: registers an application and shows its secret, this once. */
export function addCreate(parent: CliCommand, surroundings: Surroundings): void {
  const command = parent
    .command('create')
    .summary('register an application')
    .description('Registers an application (client). Its secret is printed this once: only its digest is stored.')
    .requiredOption('--name <name>', 'what people are shown', shortText)
    .option(
      '--grants <types>',
      'grant types, separated by commas or spaces: client_credentials, authorization_code, refresh_token, ' +
        'urn:ietf:params:oauth:grant-type:device_code (short: device_code)',
      grantTypes,
      ['client_credentials'],
    )
    .option(
      '--scopes <scopes>',
      'scopes that it may have, separated by spaces; without it any that the server knows',
      someScopes,
    )
    .option(
      '--redirect-uris <uris>',
      'redirect URIs, separated by spaces, compared character by character: https, http on loopback, or with --public ' +
        'a private-use scheme; authorization_code needs one',
      redirectUris,
    )
    .option(
      '--post-logout-redirect-uris <uris>',
      'where its users may go after a sign-out, separated by spaces',
      redirectUris,
    )
    .option(
      '--redirect-schemes <schemes>',
      'private-use schemes that its redirect URIs may have although they are no reverse domain names, e.g. "cursor myapp"',
      redirectSchemes,
    )
    .option(
      '--allowed-origins <origins>',
      'origins whose pages may read what it is answered (CORS), separated by spaces, e.g. https://app.example.com; with ' +
        '--public those of its redirect URIs may anyway',
      origins,
    )
    .option('--public', 'for an application that cannot keep a secret, as in a browser or on a phone')
    .option('--client-id <id>', 'client identifier of your choice; without it one is generated', clientId)
    .option(
      '--secret-hash <hash>',
      'hash of the secret that it has already, as Django stores it (pbkdf2_sha256$…); no secret is generated',
    )
    .option('--jwks-uri <uri>', 'where its public keys are; it then uses private_key_jwt and gets no secret')
    .option('--jwks <file>', 'JSON file with its public keys; likewise')
    .option('--owner <id>', 'user who owns it', exactText)
    .option('--dpop-bound-access-tokens', 'it gets access tokens only bound to a key (RFC 9449 §5.2)')
    .option('--require-pushed-authorization-requests', 'its authorization requests are taken only by PAR (RFC 9126 §6)')
    .option('--id-token-alg <alg>', 'algorithm of its ID tokens, RS256 or ES256; without it RS256', idTokenAlgorithm)
    .option('--may-introspect', 'it may introspect tokens of other applications')
    .option(
      '--skip-consent',
      'its users are not asked for consent: for your own applications; at an address on their device they are all the same',
    );
  for (const option of lifetimeOptions()) command.addOption(option);
  command.action(async (options: CreateOptions, called: CliCommand) => {
    checkTogether(options);
    const context = new CliContext(called, surroundings);
    await context.withOAuth2({}, async (oauth2) => {
      const { ApplicationRepository } = await import('../../../storage/index.js');
      const applications = new ApplicationRepository(oauth2.models, { redirectUriSchemes: options.redirectSchemes });
      const { application, clientSecret } = await create(applications, options);
      const { client_id, ...rest } = describeApplication(application);
      const created = { client_id, ...(clientSecret === undefined ? {} : { client_secret: clientSecret }), ...rest };
      context.output.result(created, columns(inWords(created)));
      if (clientSecret !== undefined) context.output.note('Keep the client_secret now: it is not shown again.');
    });
  });
}

async function create(applications: ApplicationRepository, options: CreateOptions): Promise<CreatedApplication> {
  try {
    return await applications.create({
      name: options.name,
      clientType: options.public ? 'public' : 'confidential',
      grantTypes: options.grants,
      redirectUris: options.redirectUris ?? [],
      scopes: options.scopes ?? null,
      clientId: options.clientId,
      importedSecretHash: options.secretHash,
      postLogoutRedirectUris: options.postLogoutRedirectUris,
      allowedOrigins: options.allowedOrigins,
      jwksUri: options.jwksUri,
      dpopBoundAccessTokens: options.dpopBoundAccessTokens,
      requirePushedAuthorizationRequests: options.requirePushedAuthorizationRequests,
      idTokenSignedResponseAlg: options.idTokenAlg,
      jwks: options.jwks === undefined ? undefined : keySetOf(options.jwks),
      ...lifetimesOf(options),
      userId: options.owner,
      mayIntrospect: options.mayIntrospect,
      skipAuthorization: options.skipConsent,
    });
  } catch (error) {
    const taken = options.clientId !== undefined && (await applications.findByClientId(options.clientId)) !== undefined;
    if (!taken) throw error;
    const message = `--client-id ${options.clientId} is taken; give another, or leave the option out.`;
    throw new CliError(EXIT_CODES.refused, 'client_id_taken', message, { cause: error });
  }
}

function checkUri(option: string, uri: string, { public: isPublic, redirectSchemes }: CreateOptions): void {
  const problem = redirectUriProblem(uri, isPublic ? 'public' : 'confidential', redirectSchemes);
  if (problem === undefined) return;
  const scheme = schemeOf(uri);
  const would = (...schemes: string[]) => redirectUriProblem(uri, 'public', schemes) === undefined;
  const missing = [
    ...(isPublic ? [] : ['--public']),
    ...(would(...(redirectSchemes ?? [])) ? [] : [`--redirect-schemes ${scheme}`]),
  ];
  throw refused(option, uri, would(scheme) ? `${problem} Or give ${missing.join(' ')}` : problem.replace(/\.$/, ''));
}

/** In small letters, as URLs are compared; empty where there is none. */
function schemeOf(uri: string): string {
  return /^[a-z][a-z0-9+.-]*(?=:)/i.exec(uri)?.[0].toLowerCase() ?? '';
}

/** What tells an operator which URI is meant; what follows the scheme is not shown. */
function schemeShown(uri: string): string {
  return schemeOf(uri) === '' ? '' : `, ${describeName(schemeOf(uri))}:`;
}

/** What one option alone cannot tell. */
function checkTogether(options: CreateOptions): void {
  if (options.public && options.grants.includes('client_credentials')) {
    throw usage(
      '--public: a public application cannot have the grant client_credentials (RFC 6749 §4.4); give --grants authorization_code or device_code.',
    );
  }
  if (options.grants.includes('authorization_code') && options.redirectUris === undefined) {
    throw usage(
      '--grants authorization_code needs --redirect-uris, e.g. --redirect-uris https://app.example.com/callback.',
    );
  }
  const uris = {
    '--redirect-uris': options.redirectUris,
    '--post-logout-redirect-uris': options.postLogoutRedirectUris,
  };
  for (const [option, list = []] of Object.entries(uris)) {
    for (const [index, uri] of list.entries())
      checkUri(`${option} (URI ${index + 1}${schemeShown(uri)})`, uri, options);
  }
  // Checked here and not by a parser, whose refusal would show the value.
  if (options.secretHash !== undefined && !isDjangoSecret(options.secretHash)) {
    throw usage(
      '--secret-hash is not what Django stores; give pbkdf2_sha256$iterations$salt$hash (or pbkdf2_sha1) in single quotes.',
    );
  }
  if (
    options.secretHash !== undefined &&
    (options.public || options.jwksUri !== undefined || options.jwks !== undefined)
  ) {
    throw usage('--secret-hash: an application with --public, --jwks or --jwks-uri has no secret.');
  }
}
