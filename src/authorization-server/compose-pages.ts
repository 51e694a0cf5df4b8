import { TokenSearch } from '../storage/index.js';
import type { Settings } from './options/authorization-server-options.js';
import type { PageDependencies } from './pages/page-dependencies.js';
import { createPages, type Pages } from './pages/pages.js';
import type { AuthorizationServerDependencies } from './server-dependencies.js';

/** The descriptions of the scopes that OpenID Connect defines. */
const OPENID_DESCRIPTIONS = {
  openid: 'Know who you are here',
  offline_access: 'Keep its access while you are away',
};

/** Creates the pages from the options and their dependencies. */
export function composePages(
  settings: Settings,
  dependencies: AuthorizationServerDependencies,
  ports: Pick<PageDependencies, 'interactions' | 'signIns' | 'consents'>,
): Pages {
  const { issuer, prefix, options, sealer, rates, limits } = settings;
  const { users, failures, failureBudget, throttle, log, clock, random, scopes = {} } = dependencies;
  const { authenticate, login, isStaff, username, texts, pages } = options;
  return createPages({
    ...ports,
    prefix,
    issuer: issuer.identifier,
    sessions: dependencies.sessions,
    applications: dependencies.applications,
    tokens: staffTokens(dependencies),
    overview: () => dependencies.overview(),
    scopes: { ...OPENID_DESCRIPTIONS, ...scopes },
    limits,
    users,
    // Without either of them nobody can sign in: the authorization server then serves only applications.
    ...(login === undefined ? { authenticate: authenticate ?? (() => undefined) } : { login }),
    isStaff,
    username,
    sealer,
    registrations: throttle('registration', rates.registration),
    // Passwords are easier to guess than tokens.
    failures: {
      byAddress: failures,
      byNameAndAddress: failureBudget(rates.signIn),
      byName: failureBudget(rates.signInByName),
    },
    address: (context) => dependencies.address(context),
    requestId: (context) => dependencies.requestId(context),
    texts,
    pages,
    log,
    events: dependencies.events,
    clock,
    random,
  });
}

function staffTokens({ models, revokeToken }: AuthorizationServerDependencies): PageDependencies['tokens'] {
  const search = new TokenSearch(models);
  return {
    search: search.search.bind(search),
    find: search.find.bind(search),
    async revoke(kind, id) {
      const found = await search.find(kind, id);
      return found !== undefined && revokeToken(Buffer.from(found.hash, 'hex'));
    },
  };
}
