import 'reflect-metadata';
import Koa from 'koa';
import { useContainer } from 'routing-controllers';
import { bearer, createOAuth2, type OAuth2, session } from 'routing-controllers-oauth2';
import { swaggerUi } from 'routing-controllers-oauth2/openapi';
import { Container } from 'typedi';
import { apiInfo } from './api-info.js';
import { bookstoreAuthorizationServer } from './authorization-server.js';
import { controllers } from './controllers/index.js';
import { DemoApplication } from './demo/application.js';
import { DOCS_ID, DOCS_PATH } from './demo/applications.js';
import { Home } from './demo/home.js';
import { LiveLines } from './demo/live-lines.js';
import { jsonResponses } from './json-responses.js';
import { Books } from './models/books.js';
import { Notes } from './models/notes.js';
import { scopes } from './scopes.js';
import { SESSION_COOKIE, useSessions } from './sessions.js';
import type { Settings } from './settings.js';
import { SignInBudget } from './sign-in-budget.js';
import { createTables } from './tables.js';
import { users } from './users.js';

/** What the bookstore needs besides the environment. */
export interface Surroundings {
  /** The issuer of tokens: the origin that browsers and clients see. */
  readonly issuer: string;
  /** The URL under which this process reaches itself. */
  readonly url: string;
  /** The keys with which the authorization server encrypts stored data, the newest first. */
  readonly encryptionKeys: readonly string[];
}

/** The parts of a bookstore that is not listening yet. */
export interface Bookstore {
  readonly oauth2: OAuth2;
  /** Commands to try it with. */
  readonly live: LiveLines;
  /** Migrates the database: the package's tables, the bookstore's own, and signing keys. */
  prepareDatabase(): Promise<void>;
  /** The bookstore as a Koa application, ready to listen. */
  createApp(): Koa;
  /** Closes pools and Redis connections. */
  close(): Promise<void>;
}

/**
 * Creates the bookstore.
 *
 * @throws ConfigurationError if a setting is invalid
 */
export function createBookstore(settings: Settings, surroundings: Surroundings): Bookstore {
  const oauth2 = createOAuth2({
    database: settings.databaseUrl,
    redis: settings.redisUrl,
    keyPrefix: settings.keyPrefix,
    users,
    scopes,
    authenticators: [session(), bearer()],
    errorResponseWithScopes: settings.errorResponseWithScopes,
    trustedProxies: settings.trustedProxies,
    throttling: {
      policies: { user: settings.throttleUser, anon: settings.throttleAnon },
      failedAuthentication: settings.throttleFailedAuthentication,
    },
    container: Container,
    authorizationServer: bookstoreAuthorizationServer(surroundings),
    health: true,
    openApi: { info: apiInfo, sessionCookie: SESSION_COOKIE },
  });
  const live = new LiveLines(oauth2, surroundings);
  const signInBudget = new SignInBudget(settings);
  useContainer(Container);
  Container.set(Books, new Books(oauth2.knex));
  Container.set(Notes, new Notes(oauth2.knex));
  Container.set(SignInBudget, signInBudget);
  Container.set(DemoApplication, new DemoApplication(surroundings));
  Container.set(Home, new Home(surroundings.issuer, live, () => oauth2.describe(controllers)));

  return {
    oauth2,
    live,
    async prepareDatabase() {
      await oauth2.migrate();
      await createTables(oauth2.knex);
    },
    createApp() {
      const koa = new Koa();
      koa.use(jsonResponses(oauth2));
      koa.use((context, next) => {
        // The short name, for whoever does not tell the two apart.
        if (context.path === '/health') context.path = '/health/ready';
        return next();
      });
      koa.use((context, next) => {
        // Also behind a proxy that terminates TLS.
        context.cookies.secure = surroundings.issuer.startsWith('https:');
        return next();
      });
      useSessions(koa, settings.sessionKeys);
      koa.use(swaggerUi({ path: DOCS_PATH, title: apiInfo.title, clientId: DOCS_ID, scopes: ['api', 'read'] }));
      return oauth2.useKoaServer(koa, { controllers, defaultErrorHandler: false });
    },
    async close() {
      await Promise.all([oauth2.close(), signInBudget.close()]);
    },
  };
}
