import type { Adapter, Configuration } from 'oidc-provider';
import { generateClientId } from '../../core/token-value.js';
import { CLIENT_ASSERTION_ALGORITHMS, ID_TOKEN_ALGORITHMS } from '../../storage/index.js';
import { cookieName } from '../browsers/cookie-name.js';
import { fetchKeySet, MAXIMUM_KEY_SET_BYTES } from '../clients/outbound-fetch.js';
import { allowsOrigin } from '../clients/page-origins.js';
import { claimsByScope } from '../options/claims-options.js';
import type { EndpointContext } from '../server-context.js';
import { applicationOf } from './client-metadata.js';
import { findAccount } from './hooks/accounts.js';
import { assertionChecker } from './hooks/client-assertions.js';
import { prompts } from './hooks/consent-policy.js';
import { boundSource } from './hooks/grant-sources.js';
import { existingGrant } from './hooks/grants.js';
import {
  showDeviceCode,
  showDeviceConfirm,
  showDeviceDone,
  showError,
  showLoggedOut,
  showLogout,
} from './hooks/page-hooks.js';
import { requestObjectChecker } from './hooks/request-objects.js';
import { resourceIndicators } from './hooks/resource-indicators.js';
import { authenticationClaims } from './hooks/step-up.js';
import { tokenLifetimes } from './hooks/token-lifetimes.js';
import { stateOf } from './inner-state.js';
import { errors } from './oidc-provider.js';
import { asOutage } from './outage.js';
import { ROUTES } from './provider-routes.js';
import { leaveOut } from './registration-metadata.js';

const ASYMMETRIC = CLIENT_ASSERTION_ALGORITHMS;

/** oidc-provider's configuration. Settings that are missing here keep their defaults on purpose. */
export function configuration(
  context: EndpointContext,
  adapter: (kind: string) => Adapter,
  jwks: Configuration['jwks'],
): Configuration {
  const { settings, dependencies, scopes } = context;
  return {
    adapter,
    jwks,
    routes: Object.fromEntries(Object.entries(ROUTES).map(([name, path]) => [name, `${settings.prefix}${path}`])),
    scopes: [...scopes.known],
    responseTypes: ['code'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    pkce: { required: () => true },
    subjectTypes: ['public'],
    acrValues: [...(settings.acr?.values ?? [])],
    extraTokenClaims: (ctx, token) => (token.kind === 'AccessToken' ? authenticationClaims(ctx) : undefined),
    claims: {
      acr: null,
      ...(settings.options.amr && { amr: null }),
      auth_time: null,
      iss: null,
      sid: null,
      ...claimsByScope(settings.claims, scopes.known),
    },
    // The host decides which claims are in ID tokens: see `findAccount`.
    conformIdTokenClaims: false,
    cookies: cookies(context),
    ttl: tokenLifetimes(context),
    enabledJWA: {
      idTokenSigningAlgValues: [...ID_TOKEN_ALGORITHMS],
      clientAuthSigningAlgValues: [...ASYMMETRIC],
      dPoPSigningAlgValues: [...ASYMMETRIC],
      ...(settings.requestObjects && { requestObjectSigningAlgValues: [...ASYMMETRIC] }),
    },
    extraClientMetadata: {
      properties: ['application'],
      validator(ctx, name, _value, metadata) {
        if (ctx?.oidc?.route !== 'registration') return;
        // These properties cannot be set by the application itself.
        metadata[name] = undefined;
        leaveOut(metadata as Record<string, unknown>);
      },
    },
    allowOmittingSingleRegisteredRedirectUri: true,
    acceptQueryParamAccessTokens: false,
    // A token outlives the browser's session, because a resource server could not check the session.
    expiresWithSession: () => false,
    rotateRefreshToken: () => true,
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    findAccount: asOutage(async (ctx, userId, source) => {
      const account = await findAccount(dependencies.users, userId, settings.claims);
      if (account !== undefined && source !== undefined) await boundSource(context, ctx, source);
      return account;
    }),
    loadExistingGrant: asOutage((ctx) => existingGrant(context, ctx)),
    revokeGrantPolicy: () => true,
    interactions: {
      policy: prompts(settings, dependencies.clock),
      url: (_ctx, { uid }) => `${settings.prefix}/interaction/${uid}`,
    },
    clientBasedCORS: (_ctx, origin, client) => {
      const { isPublic, allowedOrigins } = applicationOf(client);
      const redirectUris = client.redirectUris ?? [];
      return allowsOrigin(origin, settings.issuer, { isPublic, redirectUris, allowedOrigins });
    },
    fetch: fetchKeySet,
    fetchResponseBodyLimits: { jwks_uri: MAXIMUM_KEY_SET_BYTES },
    assertJwtClientAuthClaimsAndHeader: assertionChecker(dependencies.clock, settings.clientAssertionLifetimeSeconds),
    renderError: (ctx, out) => showError(context, ctx, out),
    features: features(context),
    ...(settings.clientMetadataDocuments && { discovery: { client_id_metadata_document_supported: true } }),
  };
}

function features(context: EndpointContext): Configuration['features'] {
  const { settings, dependencies } = context;
  const registration = settings.dynamicRegistration;
  const find = asOutage(findAccount);
  return {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    userinfo: { enabled: true },
    pushedAuthorizationRequests: {
      enabled: true,
      allowUnregisteredRedirectUris: false,
      requirePushedAuthorizationRequests: settings.requirePushedAuthorizationRequests,
    },
    // The nonces themselves are those of the guards: see `shareNonces`.
    dPoP: {
      enabled: true,
      nonceSecret: settings.sealer.deriveKeys('dpop nonce')[0],
      requireNonce: () => settings.requireDPoPNonce,
    },
    ...(settings.requestObjects && {
      requestObjects: {
        enabled: true,
        requireSignedRequestObject: false,
        assertJwtClaimsAndHeader: requestObjectChecker(dependencies.clock),
      },
    }),
    mTLS: {
      // Applications whose tokens must be bound get none where no certificate can be seen.
      enabled: true,
      certificateBoundAccessTokens: true,
      getCertificate: (ctx) => dependencies.certificateOf?.(stateOf(ctx).outer),
    },
    introspection: {
      enabled: true,
      async allowedPolicy(ctx, client, token) {
        if (token.clientId !== client.clientId) {
          const { mayIntrospect, scopes } = applicationOf(client);
          // A client without authentication learns nothing about others, whatever is registered.
          if (client.clientAuthMethod === 'none') return false;
          if (!mayIntrospect && scopes?.includes('introspection') !== true) return false;
          // The application of the token may have been disabled.
          if (token.clientId === undefined || !(await ctx.oidc.provider.Client.find(token.clientId))) return false;
        }
        const userId = 'accountId' in token ? token.accountId : undefined;
        return userId === undefined || (await find(dependencies.users, userId, undefined)) !== undefined;
      },
    },
    revocation: {
      enabled: true,
      allowedPolicy(_ctx, client, token) {
        if (token.clientId === client.clientId) return true;
        // RFC 7009 §2.1: "the request is refused and the client is informed of the error".
        throw new errors.UnauthorizedClient('the token was not issued to this application');
      },
    },
    resourceIndicators: resourceIndicators(context),
    deviceFlow: {
      enabled: true,
      charset: 'base-20',
      mask: '****-****',
      deviceInfo: () => ({}),
      userCodeInputSource: (ctx, _form, out, error) => showDeviceCode(context, ctx, out, error),
      userCodeConfirmSource: (ctx, _form, client, _device, userCode) =>
        showDeviceConfirm(context, ctx, client, userCode),
      successSource: (ctx) => showDeviceDone(context, ctx),
    },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx) => showLogout(context, ctx),
      postLogoutSuccessSource: (ctx) => showLoggedOut(context, ctx),
    },
    ...(registration && {
      registration: {
        enabled: true,
        initialAccessToken: registration.initialAccessToken ?? false,
        idFactory: () => generateClientId(dependencies.random),
        issueRegistrationAccessToken: false,
      },
    }),
  };
}

function cookies({ settings }: EndpointContext): Configuration['cookies'] {
  const { issuer, prefix, sealer } = settings;
  const secure = issuer.protocol === 'https';
  const options = { httpOnly: true, sameSite: 'lax', secure, signed: true, overwrite: true, path: '/' } as const;
  const nameOf = (name: string) => cookieName(issuer.identifier, prefix, name);
  return {
    keys: sealer.deriveKeys('cookies').map((key) => key.toString('base64url')),
    // Only the first is used as a cookie: an interaction is identified by the URL and the browser's secret.
    names: { session: nameOf('oauth2_session'), interaction: 'interaction', resume: 'resume' },
    long: options,
    short: options,
  };
}
