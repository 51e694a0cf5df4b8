import { choiceOption, knownOptions, listOption, optionPath, refuseOption } from '../../core/options/index.js';
import type { ScopeName } from '../../core/register.js';
import { GRANT_TYPES, type GrantType, type RegistrationLimit, type RegistrationLimits } from '../../storage/index.js';
import { flag, pathOf, readScopes } from './option-checks.js';

/** Dynamic client registration (RFC 7591). */
export interface DynamicRegistrationOptions {
  /** The bearer token that a registration must present; without it anybody may register. */
  readonly initialAccessToken?: string | undefined;
  /** The scopes that such applications may have, `openid` and `offline_access` among them. Default: none. */
  readonly scopes?: readonly ScopeName[] | undefined;
  /**
   * Registers every application for all of `scopes`, whichever of them it names (RFC 7591 §3.2.1). MCP clients name the
   * scope of the challenge that made them register, and could never ask for more. Default `false`.
   */
  readonly allScopes?: boolean | undefined;
  /** The grant types that they may use. Default: all but `client_credentials`. */
  readonly grantTypes?: readonly GrantType[] | undefined;
}

/** The options that bound applications which others than the host register. */
export interface LimitingOptions {
  /** As in `AuthorizationServerOptions`. */
  readonly ownerScopes?: readonly ScopeName[] | undefined;
  /** As in `AuthorizationServerOptions`. */
  readonly ownerGrantTypes?: readonly GrantType[] | undefined;
  /** As in `AuthorizationServerOptions`. */
  readonly dynamicRegistration?: false | DynamicRegistrationOptions | undefined;
  /** As in `AuthorizationServerOptions`. */
  readonly clientMetadataDocuments?:
    | false
    | {
        /** The scopes that such applications may have. */
        readonly scopes?: readonly ScopeName[] | undefined;
        /** The grant types that they may use. */
        readonly grantTypes?: readonly GrantType[] | undefined;
      }
    | undefined;
}

/** With client credentials an application acts on its own behalf, without anybody's consent. */
const DEFAULT_GRANT_TYPES: readonly GrantType[] = GRANT_TYPES.filter((type) => type !== 'client_credentials');

/** @throws ConfigurationError naming the option, its value and the fix */
export function readLimits(
  { ownerScopes, ownerGrantTypes, clientMetadataDocuments }: LimitingOptions,
  registration: DynamicRegistrationOptions | undefined,
): RegistrationLimits {
  const documents = clientMetadataDocuments === false ? undefined : clientMetadataDocuments;
  return {
    owner: readLimit('ownerScopes', ownerScopes, 'ownerGrantTypes', ownerGrantTypes),
    registration: readLimit(
      'dynamicRegistration.scopes',
      registration?.scopes,
      'dynamicRegistration.grantTypes',
      registration?.grantTypes,
    ),
    document: readLimit(
      'clientMetadataDocuments.scopes',
      documents?.scopes,
      'clientMetadataDocuments.grantTypes',
      documents?.grantTypes,
    ),
  };
}

function readLimit(
  scopesName: string,
  scopes: unknown,
  grantTypesName: string,
  grantTypes: unknown,
): RegistrationLimit {
  return {
    scopes: readScopes(pathOf(scopesName), scopes ?? []),
    grantTypes: grantTypes === undefined ? DEFAULT_GRANT_TYPES : readGrantTypes(pathOf(grantTypesName), grantTypes),
  };
}

function readGrantTypes(path: string, given: unknown): readonly GrantType[] {
  const list = listOption(path, given, "give a list of grant types, e.g. ['authorization_code', 'refresh_token']");
  return [...new Set(list.map((type, index) => choiceOption(optionPath(path, index), type, GRANT_TYPES)))];
}

export function readRegistration(given: unknown): DynamicRegistrationOptions | undefined {
  if (given === undefined || given === false) return undefined;
  const registration = knownOptions<DynamicRegistrationOptions>(
    pathOf('dynamicRegistration'),
    given,
    ['initialAccessToken', 'scopes', 'allScopes', 'grantTypes'],
    'give false, or an object such as { initialAccessToken }',
  );
  flag('dynamicRegistration.allScopes', registration.allScopes, false);
  const { initialAccessToken } = registration;
  const isToken = typeof initialAccessToken === 'string' && /^[A-Za-z0-9._~+/-]{22,}=*$/.test(initialAccessToken);
  if (initialAccessToken !== undefined && !isToken) {
    refuseOption(
      pathOf('dynamicRegistration.initialAccessToken'),
      initialAccessToken,
      'give at least 22 random characters of base64url',
    );
  }
  return registration;
}
