// Builds the documentation site: gathers the guides of docs/, makes the references from the sources, and lets VitePress
// write the pages. It fails on a dead link, on a public name without documentation, and if a page would load anything from
// elsewhere.
import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkPages } from './check-pages.mjs';
import { writeErrors } from './errors.mjs';
import { gatherGuides } from './guides.mjs';
import { writeOptions } from './options.mjs';
import { pages, site } from './places.mjs';
import { writeSecurity } from './security.mjs';
import { openSources } from './sources.mjs';
import { writeTexts } from './texts.mjs';

const tool = (name, ...values) =>
  execFileSync(process.execPath, [join(site, 'node_modules', name), ...values], { cwd: site, stdio: 'inherit' });

await rm(pages, { recursive: true, force: true });
await gatherGuides();
const sources = openSources();
await writeSecurity(await writeOptions(sources));
await writeErrors(sources);
await writeTexts();
tool('typedoc/bin/typedoc');
tool('vitepress/bin/vitepress.js', 'build', '.');
await checkPages();
