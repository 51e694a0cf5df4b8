import type { Middleware } from 'koa';
import type { RegisteredUser } from '../core/register.js';
import { userStoreTellingOutages } from '../storage/host-outages.js';
import { ConsentRepository, SessionRepository, SigningKeyRepository } from '../storage/index.js';
import { type AuthorizationServer, type AuthorizationServerFactory, COMPLETE } from './authorization-server-factory.js';
import { BrowserCookie } from './browsers/browser-cookie.js';
import { PageCookies } from './browsers/page-cookies.js';
import { describedUnder } from './clients/client-application.js';
import { ClientAuthentications } from './clients/client-authentications.js';
import { admittedDocuments } from './clients/documents/admitted-documents.js';
import { composePages } from './compose-pages.js';
import { StoredConsents } from './grants/consents.js';
import { scopeBounds } from './grants/scope-bounds.js';
import { ScopeRules } from './grants/scope-rules.js';
import { UserScopes } from './grants/user-scopes.js';
import { answerFields } from './http/answer-fields.js';
import { EndpointDispatcher } from './http/dispatcher.js';
import { SigningKeys } from './keys/signing-keys.js';
import { applicationFinder } from './oidc/client-adapter.js';
import { InnerDispatcher } from './oidc/inner-dispatcher.js';
import { ProviderInteractions } from './oidc/interactions/interactions.js';
import { ProviderSignIns } from './oidc/interactions/sign-ins.js';
import { heldMessages } from './oidc/oidc-provider.js';
import { BrowserBinding } from './oidc/patches/browser-binding.js';
import { Providers } from './oidc/providers.js';
import { type AuthorizationServerOptions, readOptions, type Settings } from './options/authorization-server-options.js';
import { describedScopes } from './options/described-scopes.js';
import { knownDefaultResource } from './options/resource-options.js';
import type { ServerContext } from './server-context.js';
import type { AuthorizationServerDependencies } from './server-dependencies.js';

/**
 * Makes an authorization server for the option `authorizationServer` of `createOAuth2`.
 *
 * Its functions take the user of `Register`; without that, write `authorizationServer<User>({ … })`. `createOAuth2` does not
 * compile if its `users` find other users.
 *
 * @param options the issuer (RFC 8414 §2) and the keys that encrypt what is stored are needed; lifetimes are in seconds
 * @returns what the option `authorizationServer` takes
 * @throws ConfigurationError if an option is invalid, naming it, its value and the fix
 *
 * @example
 * ```ts
 * import { createOAuth2, type UserStore } from 'routing-controllers-oauth2';
 * import { authorizationServer } from 'routing-controllers-oauth2/authorization-server';
 *
 * export const configured = (users: UserStore, signIn: (name: string, password: string) => Promise<string | undefined>) =>
 *   createOAuth2({
 *     database: 'mysql://shop@localhost/shop',
 *     users,
 *     scopes: { 'books:read': 'See your books' },
 *     authorizationServer: authorizationServer({
 *       issuer: 'https://shop.example',
 *       encryptionKeys: [process.env.OAUTH2_ENCRYPTION_KEY ?? ''],
 *       authenticate: signIn,
 *       defaultScopes: ['books:read'],
 *     }),
 *   });
 * ```
 */
export function authorizationServer<User = RegisteredUser>(
  options: AuthorizationServerOptions<User>,
): AuthorizationServerFactory<User> {
  const settings = readOptions(options as AuthorizationServerOptions);
  return {
    issuer: settings.issuer.identifier,
    origin: settings.issuer.origin,
    redirectUriSchemes: settings.redirectUriSchemes,
    sealer: settings.sealer,
    ...(issuesJwts(settings) && { jwtIssuer: settings.issuer.identifier }),
    scopeBounds: (users) => scopeBounds(settings, users),
    [COMPLETE]: (dependencies) => complete(settings, dependencies),
  };
}

function issuesJwts({ resources }: Settings): boolean {
  return [...resources.values()].some(({ accessTokens }) => accessTokens === 'jwt');
}

function complete(settings: Settings, given: AuthorizationServerDependencies): AuthorizationServer {
  const users = given.users === undefined ? undefined : userStoreTellingOutages(given.users);
  const context = serverContext(settings, { ...given, users });
  const { dependencies } = context;
  // Refused at start-up rather than at the first request.
  knownDefaultResource(settings, given.resource ?? given.impliedResource);
  tellOwnerScopes(settings, dependencies);
  for (const message of heldMessages.splice(0)) dependencies.logger.warn(message);

  const { models, clock, logger } = dependencies;
  const repository = new SigningKeyRepository(models, { clock });
  const signingKeys = new SigningKeys({
    repository,
    sealer: settings.sealer,
    clock,
    logger,
    events: dependencies.events,
  });
  // Pages and endpoints depend on each other; the pages get both of these lazily, at the first request.
  const provider = () => providers.current();
  const resumeAt = (path: string) => dispatcher.resumeAt(path);
  const signIns = new ProviderSignIns(context, provider);
  const consents = new StoredConsents(context.consents, dependencies);
  const interactions = new ProviderInteractions(context, provider, resumeAt);
  const pages = composePages(settings, dependencies, { interactions, signIns, consents });
  const endpointContext = { ...context, pages };
  const providers = new Providers(endpointContext, signingKeys);
  const dispatcher = new EndpointDispatcher(endpointContext, new InnerDispatcher(endpointContext, provider));

  const setFields = answerFields(settings);
  const { resourceMetadata } = dependencies;
  const endpoints: Middleware = (outer, next) => {
    const found = dispatcher.at(outer.path);
    if (found !== undefined || pages.has(outer.path)) setFields(outer);
    // No page has the path of a program's endpoint.
    if (found?.endpoint.caller === 'program') return found.answer(outer);
    return pages.routes(outer, () => (found === undefined ? next() : found.answer(outer)));
  };
  const middleware: Middleware =
    resourceMetadata === undefined
      ? endpoints
      : (outer, next) => resourceMetadata(outer, () => endpoints(outer, next) as Promise<unknown>);
  return {
    issuer: settings.issuer.identifier,
    prefix: settings.prefix,
    signsIn: settings.options.authenticate !== undefined || settings.options.login !== undefined,
    consents,
    signingKeys,
    sessionIdOf: (outer) => signIns.sessionIdOf(outer),
    middleware: () => middleware,
    ...scopeBounds(settings, given.users),
  };
}

function serverContext(settings: Settings, dependencies: AuthorizationServerDependencies): ServerContext {
  const { models, clock, users, random, applications } = dependencies;
  const { issuer, prefix, options, defaultScopes, limits } = settings;
  return {
    settings,
    dependencies,
    scopes: new ScopeRules(describedScopes(settings, dependencies.scopes), defaultScopes),
    describeClient: describedUnder(limits),
    userScopes: new UserScopes(options, users),
    consents: new ConsentRepository(models, { clock }),
    sessions: new SessionRepository(models, { clock }),
    findApplication: applicationFinder(applications, admittedDocuments(settings)),
    clientAuthentications: new ClientAuthentications({ ...dependencies, issuerOrigin: issuer.origin }),
    binding: new BrowserBinding(new BrowserCookie(new PageCookies(issuer.identifier, prefix), random)),
  };
}

/** Logs once what users' applications can do, if users can register applications. */
function tellOwnerScopes({ options }: Settings, { logger }: AuthorizationServerDependencies): void {
  const hasPages = options.authenticate !== undefined || options.login !== undefined;
  if (!hasPages || options.ownerScopes !== undefined) return;
  logger.info(
    'Applications that users register get no scopes, because authorizationServer.ownerScopes is not set. List the scopes that they may have, or use [] to silence this warning.',
  );
}
