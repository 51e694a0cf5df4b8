import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { pages, root, site } from './places.mjs';

/** Files of the repository that are pages of the site, and the pages that they become. The guides keep their names. */
const OTHER_PAGES = new Map([
  ['README.md', 'overview.md'],
  ['CONTRIBUTING.md', 'contributing.md'],
  ['SECURITY.md', 'security-policy.md'],
  ['CHANGELOG.md', 'changelog.md'],
  // The site has the reference of each name in its place.
  ['docs/api.md', 'reference/index.md'],
]);

/** Copies the guides and their pictures into the site, with links that lead to its pages. */
export async function gatherGuides() {
  await mkdir(pages, { recursive: true });
  const guides = (await readdir(join(root, 'docs'))).filter((file) => file.endsWith('.md') && file !== 'api.md');
  for (const guide of guides) await writePage(`docs/${guide}`, guide);
  for (const [file, page] of OTHER_PAGES) if (file !== 'docs/api.md') await writePage(file, page);
  for (const entry of await readdir(join(root, 'docs'), { withFileTypes: true })) {
    if (entry.isDirectory()) await cp(join(root, 'docs', entry.name), join(pages, entry.name), { recursive: true });
  }
  const home = await readFile(join(site, 'home.yaml'), 'utf8');
  await writeFile(join(pages, 'index.md'), `---\n${home}---\n`);
}

async function writePage(file, page) {
  const text = await readFile(join(root, file), 'utf8');
  await writeFile(join(pages, page), withLinksOfSite(text, posix.dirname(file)));
}

/** Code blocks are left as they are. */
function withLinksOfSite(text, folder) {
  return text
    .split(/^(```.*?^```)/ms)
    .map((part) => (part.startsWith('```') ? part : part.replaceAll(/\]\(([^)#\s]+)(#[^)\s]*)?\)/g, moved)))
    .join('');

  function moved(link, target, fragment = '') {
    if (/^[a-z]+:/.test(target)) return link;
    const file = posix.normalize(posix.join(folder, target));
    const page = OTHER_PAGES.get(file) ?? (file.startsWith('docs/') ? file.slice('docs/'.length) : undefined);
    if (page === undefined) throw new Error(`${link} leads to ${file}, which is no page of the site.`);
    return `](./${page}${fragment})`;
  }
}
