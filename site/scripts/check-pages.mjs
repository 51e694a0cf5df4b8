import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { output } from './places.mjs';

/** Elements that make a browser load something, with an address that is not one of the site. */
const LOADS = /<(?:script|link|img|iframe|source|video|audio)\b[^>]*?\b(?:src|href)="((?:https?:)?\/\/[^"]+)"/g;
/** The same in style sheets. */
const IMPORTS = /(?:url\(|@import\s*)["']?((?:https?:)?\/\/[^"')]+)/g;

/** Fails if a page or a style sheet would load anything from elsewhere, so that the site works without the internet. */
export async function checkPages() {
  const files = (await readdir(output, { recursive: true })).filter((file) => /\.(html|css)$/.test(file));
  const outside = [];
  for (const file of files) {
    const text = await readFile(join(output, file), 'utf8');
    for (const [, address] of text.matchAll(file.endsWith('.css') ? IMPORTS : LOADS))
      outside.push(`${file}: ${address}`);
  }
  const dead = await deadFragments(files.filter((file) => file.endsWith('.html')));
  if (files.length === 0) throw new Error('The site has no pages.');
  if (outside.length > 0) throw new Error(`Pages load from elsewhere:\n${outside.join('\n')}`);
  if (dead.length > 0) throw new Error(`Links to headings that do not exist:\n${dead.join('\n')}`);
  console.log(`${files.filter((file) => file.endsWith('.html')).length} pages, nothing is loaded from elsewhere`);
}

/** VitePress finds links to pages that do not exist, but not those to headings. */
async function deadFragments(files) {
  const ids = new Map();
  const links = [];
  for (const file of files) {
    const text = await readFile(join(output, file), 'utf8');
    const path = `/${file.replace(/(index)?\.html$/, '')}`;
    ids.set(path, new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)));
    for (const [, href] of text.matchAll(/<a [^>]*href="([^"]*#[^"]+)"/g)) links.push({ file, path, href });
  }
  return links.flatMap(({ file, path, href }) => {
    const url = new URL(href, `http://site.example${path}`);
    if (url.host !== 'site.example') return [];
    const known = ids.get(url.pathname.replace(/(index)?\.html$/, ''));
    return known?.has(decodeURIComponent(url.hash.slice(1))) ? [] : [`${file}: ${href}`];
  });
}
