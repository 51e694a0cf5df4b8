import 'reflect-metadata';
import { silentLogger } from '../../../src/core/logger.js';
import { createOAuth2, type OAuth2, type OAuth2Options } from '../../../src/public/index.js';

/** The users of these tests. */
export const users = new Map([
  ['alice', { id: 'alice', active: true, staff: true }],
  ['carol', { id: 'carol', active: false, staff: false }],
]);

/** A configuration on an SQLite database in memory, with one application and tokens for it. */
export async function testOAuth2(options: Partial<OAuth2Options> = {}) {
  const lookUps: string[] = [];
  const oauth2: OAuth2 = createOAuth2({
    database: ':memory:',
    logger: silentLogger,
    users: {
      findById(id) {
        lookUps.push(id);
        return users.get(id);
      },
      isActive: (user) => (user as { active: boolean }).active,
    },
    ...options,
  });
  await oauth2.migrate();
  const { application } = await oauth2.applications.create({ name: 'demo', grantTypes: ['client_credentials'] });
  const issue = async (scope: string, user?: string) =>
    (await oauth2.tokens.issue({ application, scope, user })).access_token;
  return { oauth2, application, issue, lookUps };
}
