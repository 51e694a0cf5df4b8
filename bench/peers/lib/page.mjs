/** docs/performance.md, into which figures are written between marks. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../../', import.meta.url);
const PAGE = new URL('docs/performance.md', ROOT);

/** Replaces what stands between `<!-- mark -->` and `<!-- /mark -->`. */
export function writeIntoPage(mark, text) {
  const page = readFileSync(PAGE, 'utf8');
  const [opening, closing] = [`<!-- ${mark} -->`, `<!-- /${mark} -->`];
  const begin = page.indexOf(opening);
  const end = page.indexOf(closing);
  if (begin < 0 || end < begin) throw new Error(`docs/performance.md has no ${opening} … ${closing}.`);
  writeFileSync(PAGE, `${page.slice(0, begin)}${opening}\n\n${text}\n\n${page.slice(end)}`);
  execFileSync('npx', ['biome', 'format', '--write', 'docs/performance.md'], {
    cwd: fileURLToPath(ROOT),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
