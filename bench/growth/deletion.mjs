/** The deletion of an application with 1 % of all tokens. */
import { uncached } from './operations.mjs';

/** How long it takes to delete the former application. */
export async function measureDeletion(url, { formerApplication }) {
  const oauth2 = uncached(url);
  try {
    const begin = performance.now();
    const deleted = await oauth2.applications.delete(formerApplication);
    return { deleted, seconds: (performance.now() - begin) / 1000 };
  } catch (error) {
    return { deleted: false, problem: error.name };
  } finally {
    await oauth2.close();
  }
}
