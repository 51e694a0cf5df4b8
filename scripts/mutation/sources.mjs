import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { AREAS, areaOf } from './areas.mjs';

const git = (...parameters) =>
  execFileSync('git', parameters, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

const lines = (text) => text.split('\n').filter((line) => line !== '');

/** The sources of all areas that are one of these paths or below one; all of them without paths. */
export function sourcesBelow(paths) {
  const wanted = paths.map((path) => path.replace(/^\.\//, '').replace(/\/$/, ''));
  const all = lines(git('ls-files', '--', ...AREAS.map(({ folder }) => folder))).filter(isMutated);
  if (wanted.length === 0) return all;
  return all.filter((file) => wanted.some((path) => file === path || file.startsWith(`${path}/`)));
}

const isMutated = (file) => file.endsWith('.ts') && areaOf(file) !== undefined && existsSync(file);

/**
 * The sources that differ from a revision, and their changed lines as pairs of first and last, of all areas whose tests need
 * no service.
 *
 * @throws Error if git knows no such revision
 */
export function sourcesChangedSince(base) {
  const changed = lines(git('diff', '--name-only', '--diff-filter=d', base, '--')).filter(
    (file) => isMutated(file) && !areaOf(file).needsRedis,
  );
  return new Map(changed.map((file) => [file, changedLines(base, file)]));
}

function changedLines(base, file) {
  const hunks = git('diff', '--unified=0', base, '--', file).matchAll(/^@@ -\S+ \+(\d+)(?:,(\d+))? @@/gm);
  return [...hunks]
    .map(([, first, count = '1']) => [Number(first), Number(first) + Number(count) - 1])
    .filter(([first, last]) => last >= first);
}

/**
 * What a change is compared with: where its branch left the main one, as far as this checkout knows that; else the commit
 * before it. A checkout of one commit has neither.
 *
 * @returns the revision and how it was chosen, or why there is none
 */
export function chooseBase() {
  const head = revision('HEAD');
  if (head === undefined) return { reason: 'this is no checkout of git' };
  for (const branch of ['origin/HEAD', 'origin/main', 'main']) {
    const base = tryGit('merge-base', 'HEAD', branch);
    if (base !== undefined && base !== head) return { base, how: `where the branch left ${branch}` };
  }
  const parent = revision('HEAD~1');
  if (parent !== undefined) return { base: parent, how: 'the commit before this one' };
  return { reason: 'this checkout has one commit, so nothing says what changed' };
}

const revision = (name) => tryGit('rev-parse', '--verify', '--quiet', `${name}^{commit}`);

function tryGit(...parameters) {
  try {
    return git(...parameters) || undefined;
  } catch {
    return undefined;
  }
}
