import 'reflect-metadata';
import Koa from 'koa';
import { useContainer } from 'routing-controllers';
import { bearer, createOAuth2, session } from 'routing-controllers-oauth2';
import { Container } from 'typedi';
import { controllers } from './controllers/index.js';
import { jsonResponses } from './json-responses.js';
import { Books } from './models/books.js';
import { Notes } from './models/notes.js';
import { scopes } from './scopes.js';
import { useSessions } from './sessions.js';
import { readSettings } from './settings.js';
import { SignInBudget } from './sign-in-budget.js';
import { createTables } from './tables.js';
import { users } from './users.js';

/** What the environment decides. */
export const settings = readSettings(process.env);

/** The bookstore's OAuth2. With `controllers` it is what `rc-oauth2 routes` describes. */
export const oauth2 = createOAuth2({
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
});

export { controllers };

const signInBudget = new SignInBudget(settings);

useContainer(Container);
Container.set(Books, new Books(oauth2.knex));
Container.set(Notes, new Notes(oauth2.knex));
Container.set(SignInBudget, signInBudget);

/** Brings the database up to date: the package's tables and the bookstore's own. */
export async function prepareDatabase(): Promise<void> {
  await oauth2.migrate();
  await createTables(oauth2.knex);
}

/** The bookstore as a Koa application, ready to listen. */
export function createApp(): Koa {
  const koa = new Koa();
  koa.use(jsonResponses);
  useSessions(koa, settings.sessionKeys);
  return oauth2.useKoaServer(koa, { controllers, defaultErrorHandler: false });
}

/** Closes pools and Redis connections. */
export async function close(): Promise<void> {
  await Promise.all([oauth2.close(), signInBudget.close()]);
}
