import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the site. */
export const site = dirname(dirname(fileURLToPath(import.meta.url)));

/** The root of the repository. */
export const root = dirname(site);

/** The Markdown of the site, gathered and made. */
export const pages = join(site, 'pages');

/** The site that was built. */
export const output = join(site, 'dist');
