import type { OAuth2Options } from 'routing-controllers-oauth2';

/** What tokens may allow. */
export const scopes = { 'books:read': 'See the books', 'books:write': 'Add books' };

/** What callers may do how often. */
export const throttling = { policies: { anon: '30/minute', additions: '20/hour' } };

/** The options of this application, of which `npx rc-oauth2` knows by package.json. */
export const options: OAuth2Options = {
  database: process.env.DATABASE_URL ?? 'sqlite:.data/application.sqlite', // or mysql://…, postgres://…
  redis: process.env.REDIS_URL, // with it, several processes share limits and learn of revocations
  scopes,
  throttling,
};
