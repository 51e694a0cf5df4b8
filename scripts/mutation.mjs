// Changes the code in small ways ("mutants", by Stryker) and looks whether a test fails then. A mutant that no test notices
// must be listed in test/mutation/survivors.json with a reason.
//   node scripts/mutation.mjs [PATH…]           the files of the four folders of scripts/mutation/areas.mjs, or those below PATH
//   node scripts/mutation.mjs --changed [BASE]  of these, the ones that differ from a revision
//     --minutes N    with --changed: leaves out what would take longer, and says what
//     --fresh        forgets the results of earlier runs on this machine
//     --list         tests nothing, and looks whether the list names lines that exist
//     --concurrency N
// The exit code is 1 if less than 85 % of the mutants are noticed, or one survives that is not listed, or the list is stale.
import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { AREAS, areaOf } from './mutation/areas.mjs';
import { fileOf, resultsOf } from './mutation/run.mjs';
import { summarize } from './mutation/score.mjs';
import { chooseBase, sourcesBelow, sourcesChangedSince } from './mutation/sources.mjs';
import { compare, entriesWithoutMutant, problemsOfList, readList } from './mutation/survivors.mjs';
import { chooseWithin } from './mutation/within-minutes.mjs';

const LEAST_SCORE = 85;

/** With --minutes, how much longer than it was meant to take all of it may take before it is ended. */
const PATIENCE = 1.5;

const { values, positionals } = parseArgs({
  options: {
    changed: { type: 'boolean' },
    minutes: { type: 'string' },
    fresh: { type: 'boolean' },
    list: { type: 'boolean' },
    concurrency: { type: 'string', default: '1' },
  },
  allowPositionals: true,
});

const list = readList();
const problems = problemsOfList(list);
if (!values.list) await test(values.changed ? await changedPatterns() : sourcesBelow(positionals));
for (const problem of problems) console.error(problem);
process.exit(problems.length > 0 ? 1 : 0);

async function changedPatterns() {
  const { base, how, reason } = positionals.length > 0 ? { base: positionals[0], how: 'as asked' } : chooseBase();
  if (base === undefined) {
    console.log(`No mutants: ${reason}.`);
    return [];
  }
  const changed = sourcesChangedSince(base);
  console.log(`Compared with ${base.slice(0, 12)} (${how}): ${changed.size} changed source files to test.`);
  if (values.minutes === undefined) return [...changed.keys()];
  const { patterns, leftOut } = await chooseWithin(Number(values.minutes), changed, areaOf);
  for (const sentence of leftOut) console.log(`Left out for want of time: ${sentence}.`);
  return patterns;
}

async function test(patterns) {
  mkdirSync('.data/mutation', { recursive: true });
  const endAt = values.minutes && Date.now() + Number(values.minutes) * 60_000 * PATIENCE;
  const all = [];
  for (const area of AREAS) {
    const mutate = patterns.filter((pattern) => areaOf(fileOf(pattern)) === area);
    if (mutate.length === 0) continue;
    const options = { fresh: values.fresh ?? false, concurrency: Number(values.concurrency), endAt };
    const { results, ended } = await resultsOf(area, mutate, options);
    report(area, results, new Set(ended ? [] : mutate));
    all.push(...results);
  }
  if (all.length === 0) console.log('There is nothing to mutate.');
}

function report(area, results, wholeFiles) {
  const { unlisted, accepted, stale } = compare(results, list);
  const summary = summarize(results, accepted);
  console.log(`${area.folder}: ${summary.text}`);
  for (const { file, location, status, line, mutant } of unlisted) {
    problems.push(`${file}:${location.start.line}: ${status}: ${mutant}\n    in "${line}"`);
  }
  if (summary.score < LEAST_SCORE) problems.push(`${area.folder}: the score is below ${LEAST_SCORE} %.`);
  const outdated = [...stale, ...entriesWithoutMutant(list, results, wholeFiles)];
  // A test that fails on a busy machine makes an entry look stale, which is no reason to refuse a change.
  if (values.changed) for (const one of outdated) console.log(one);
  else problems.push(...outdated);
}
