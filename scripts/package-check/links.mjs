import { readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { root } from '../run.mjs';

const LINK = /!?\[[^\]]*\]\(([^)\s]+)\)/g;
const FENCE = /^```.*?^```/gms;

/**
 * Every relative link and image in the packed Markdown files leads to a packed file, and every anchor to a heading, so
 * that the documentation can be read where the package is installed.
 */
export async function checkLinks(paths) {
  const pages = paths.filter((path) => path.endsWith('.md'));
  const texts = new Map(await Promise.all(pages.map(async (path) => [path, await prose(path)])));
  const anchors = new Map([...texts].map(([path, text]) => [path, anchorsOf(text)]));
  const broken = [];
  for (const [page, text] of texts) {
    for (const [, link] of text.replace(/`[^`\n]*`/g, '').matchAll(LINK)) {
      if (/^[a-z][a-z0-9+.-]*:/i.test(link)) continue;
      const [target, anchor] = link.split('#');
      const path = target === '' ? page : posix.join(posix.dirname(page), target);
      const leads = paths.includes(path) && (anchor === undefined || anchors.get(path)?.has(anchor));
      if (!leads) broken.push(`${page}: ${link}`);
    }
  }
  if (broken.length > 0) throw new Error(`Links that lead nowhere in the package:\n${broken.join('\n')}`);
}

async function prose(path) {
  return (await readFile(join(root, path), 'utf8')).replace(FENCE, '');
}

/** The anchors that GitHub and npm make from headings. */
function anchorsOf(text) {
  const headings = [...text.matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
