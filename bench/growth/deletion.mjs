/** The deletion of an application with 1 % of all tokens. */
import { uncached } from './operations.mjs';
import { longestDeletion } from './statements.mjs';

/** How long it takes to delete the former application. */
export async function measureDeletion(url, { formerApplication }) {
  const oauth2 = uncached(url);
  try {
    await oauth2.ready();
    const longest = longestDeletion(oauth2.knex);
    const begin = performance.now();
    const deleted = await oauth2.applications.delete(formerApplication);
    const seconds = (performance.now() - begin) / 1000;
    return { deleted, seconds, longestLockMilliseconds: longest() };
  } catch (error) {
    return { deleted: false, problem: error.name };
  } finally {
    await oauth2.close();
  }
}
