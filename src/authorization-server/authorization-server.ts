import type { Middleware } from 'koa';
import { describeName, hostPath, refuseOption } from '../core/options/index.js';
import { userStoreTellingOutages } from '../storage/host-outages.js';
import { ConsentRepository, SessionRepository, SigningKeyRepository, TokenSearch } from '../storage/index.js';
import { type AuthorizationServer, type AuthorizationServerFactory, COMPLETE } from './authorization-server-factory.js';
import { BrowserCookie } from './browsers/browser-cookie.js';
import { PageCookies } from './browsers/page-cookies.js';
import { ClientAuthentications } from './clients/client-authentications.js';
import { describedUnder } from './clients/client-metadata.js';
import { EngineConsents } from './grants/consents.js';
import { ScopeRules } from './grants/scope-rules.js';
import { UserScopes } from './grants/user-scopes.js';
import { answerFields } from './http/answer-fields.js';
import { Engine } from './http/dispatcher.js';
import { SigningKeys } from './keys/signing-keys.js';
import { applicationFinder } from './oidc/client-adapter.js';
import { EngineInteractions } from './oidc/interactions/interactions.js';
import { EngineSignIns } from './oidc/interactions/sign-ins.js';
import { heldMessages } from './oidc/oidc-provider.js';
import { BrowserBinding } from './oidc/patches/browser-binding.js';
import { Providers } from './oidc/providers.js';
import { type AuthorizationServerOptions, readOptions, type Settings } from './options/authorization-server-options.js';
import { refuse } from './options/option-checks.js';
import { createPages, type Pages } from './pages/pages.js';
import type { EngineContext } from './server-context.js';
import type { AuthorizationServerParts } from './server-dependencies.js';

/**
 * Makes an authorization server for the option `authorizationServer` of `createOAuth2`.
 *
 * @throws ConfigurationError if an option cannot be, naming it, its value and the fix
 */
export function authorizationServer(options: AuthorizationServerOptions): AuthorizationServerFactory {
  const settings = readOptions(options);
  return { redirectUriSchemes: settings.redirectUriSchemes, [COMPLETE]: (parts) => complete(settings, parts) };
}

function complete(settings: Settings, given: AuthorizationServerParts): AuthorizationServer {
  const users = given.users === undefined ? undefined : userStoreTellingOutages(given.users);
  const parts = { ...given, users };
  const scopes = scopeRules(settings, parts);
  tellOwnerScopes(settings, parts);
  for (const message of heldMessages.splice(0)) parts.logger.warn(message);
  const { models, clock, logger } = parts;
  const signingKeys = new SigningKeys({
    repository: new SigningKeyRepository(models, { clock }),
    sealer: settings.sealer,
    clock,
    logger,
  });
  const consents = new ConsentRepository(models, { clock });
  const describeClient = describedUnder(settings.limits);
  const userScopes = new UserScopes(settings.options, users);
  const context: Omit<EngineContext, 'pages'> & { pages?: Pages } = {
    settings,
    parts,
    scopes,
    describeClient,
    userScopes,
    consents,
    sessions: new SessionRepository(models, { clock }),
    findApplication: applicationFinder(parts.applications),
    clientAuthentications: new ClientAuthentications({ ...parts, issuerOrigin: settings.issuer.origin }),
    binding: new BrowserBinding(
      new BrowserCookie(new PageCookies(settings.issuer.identifier, settings.prefix), parts.random),
    ),
  };
  const ready = context as EngineContext;
  const providers = new Providers(ready, signingKeys);
  const provider = () => providers.current();
  const signIns = new EngineSignIns(ready, provider);
  const engineConsents = new EngineConsents(consents, parts);
  const pages = createPages({
    ...hostParts(settings, parts),
    interactions: new EngineInteractions(ready, provider, (path) => {
      const endpoint = engine.endpointAt(path);
      const isResume = endpoint?.name === 'resume' || endpoint?.name === 'device_resume';
      return isResume ? (outer) => engine.handle(outer, endpoint) : undefined;
    }),
    signIns,
    sessions: parts.sessions,
    consents: engineConsents,
    applications: parts.applications,
    tokens: staffTokens(parts),
  });
  context.pages = pages;
  const engine = new Engine(ready, provider);
  const setFields = answerFields(settings);
  const middleware: Middleware = (outer, next) => {
    const endpoint = engine.endpointAt(outer.path);
    if (endpoint !== undefined || pages.has(outer.path)) setFields(outer);
    // No page has the address of a program's endpoint.
    if (endpoint?.caller === 'program') return engine.handle(outer, endpoint);
    return pages.routes(outer, () => (endpoint === undefined ? next() : engine.handle(outer, endpoint)));
  };
  return {
    issuer: settings.issuer.identifier,
    prefix: settings.prefix,
    consents: engineConsents,
    signingKeys,
    sessionIdOf: (outer) => signIns.sessionIdOf(outer),
    middleware: () => middleware,
    allowedScopes: (application) => describeClient(application).scopes,
    grantableScopes: (userId, application, scopes) => userScopes.grantable(userId, application, scopes),
  };
}

function scopeRules(
  { defaultScopes, limits, resources, claims }: Settings,
  { scopes }: AuthorizationServerParts,
): ScopeRules {
  if (scopes === undefined) {
    const fix = 'an authorization server needs it: it says what can be granted, and what people are told of it';
    refuseOption('scopes', scopes, fix);
  }
  const rules = new ScopeRules(Object.keys(scopes), defaultScopes);
  const named = {
    defaultScopes,
    ownerScopes: limits.owner.scopes,
    'dynamicRegistration.scopes': limits.registration.scopes,
    'claims.scopes': claims?.own ?? [],
  };
  const ofResources = [...resources].map(([name, { scopes }]) => [`${hostPath('resources', name)}.scopes`, scopes]);
  const known = [...rules.known].map((scope) => describeName(scope));
  for (const [name, list] of [...Object.entries(named), ...ofResources] as [string, readonly string[]][]) {
    const index = list.findIndex((scope) => !rules.known.has(scope));
    if (index < 0) continue;
    refuse(`${name}[${index}]`, list[index], `describe it in the option scopes; there are ${known.join(', ')}`, {
      near: known,
    });
  }
  return rules;
}

/** What people are told of the scopes that OpenID Connect brings with it. */
const OPENID_DESCRIPTIONS = {
  openid: 'Know who you are here',
  offline_access: 'Keep its access while you are away',
};

/** Where users can register applications, it is said once what these can do. */
function tellOwnerScopes({ options }: Settings, { logger }: AuthorizationServerParts): void {
  const hasPages = options.authenticate !== undefined || options.login !== undefined;
  if (!hasPages || options.ownerScopes !== undefined) return;
  logger.info(
    'Applications that users register get no scope: authorizationServer.ownerScopes lists none. List those that they may have, or [] to silence this.',
  );
}

function hostParts(settings: Settings, parts: AuthorizationServerParts) {
  const { issuer, prefix, options, sealer, rates } = settings;
  const { users, failures, failureBudget, throttle, address, log, clock, random, scopes = {} } = parts;
  const { authenticate, login, isStaff, username, texts, pages } = options;
  return {
    prefix,
    issuer: issuer.identifier,
    scopes: { ...OPENID_DESCRIPTIONS, ...scopes },
    limits: settings.limits,
    users,
    // Without either of the two nobody can sign in: an authorization server for applications alone.
    ...(login === undefined ? { authenticate: authenticate ?? (() => undefined) } : { login }),
    isStaff,
    username,
    sealer,
    registrations: throttle('registration', rates.registration),
    // A password is guessed more easily than a token.
    failures: {
      byAddress: failures,
      byNameAndAddress: failureBudget(rates.signIn),
      byName: failureBudget(rates.signInByName),
    },
    address: (context: Parameters<typeof address>[0]) => address(context),
    texts,
    pages,
    log,
    clock,
    random,
  };
}

function staffTokens({ models, revokeToken }: AuthorizationServerParts) {
  const search = new TokenSearch(models);
  return {
    search: search.search.bind(search),
    find: search.find.bind(search),
    async revoke(kind: 'access' | 'refresh', id: number): Promise<boolean> {
      const found = await search.find(kind, id);
      return found !== undefined && revokeToken(Buffer.from(found.hash, 'hex'));
    },
  };
}
