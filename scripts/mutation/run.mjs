import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { relatedTests } from './related-tests.mjs';

const FOLDER = '.data/mutation';

/**
 * Runs Stryker on a part of an area in a process of its own.
 *
 * @param mutate files, or parts of files, as Stryker takes them
 * @param endAt when the run is ended, with the results so far, in milliseconds since 1970
 * @returns the results, `{ file, mutator, location, replacement, status }` each, and whether the run was ended
 */
export async function resultsOf({ folder, tests: patterns, inputs, mostFiles }, mutate, { fresh, concurrency, endAt }) {
  const files = [...new Set(mutate.map(fileOf))];
  const related = relatedTests(files, patterns);
  // With tests that cover nothing, all mutants survive, which is what there is to say.
  const tests = related.length > 0 ? related : patterns;
  const incrementalFile = `${FOLDER}/${basename(folder)}.json`;
  const resultsFile = `${FOLDER}/${basename(folder)}.lines`;
  rmSync(resultsFile, { force: true });
  const job = JSON.stringify({ mutate, tests, inputs, incrementalFile, fresh, concurrency });
  const stryker = spawn(process.execPath, ['scripts/mutation/stryker.mjs', job], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      ...ENVIRONMENT,
      MUTATION_RESULTS: resultsFile,
      MUTATION_INPUTS: String(inputs),
      MUTATION_FILES: String(mostFiles ?? ''),
      MUTATION_SOURCES: JSON.stringify(files.map((file) => file.replace(/^src\//, '').replace(/\.ts$/, ''))),
    },
    // A group of its own, so that its workers end with it.
    detached: true,
  });
  const { ended, code } = await endOf(stryker, endAt);
  const lines = existsSync(resultsFile) ? readFileSync(resultsFile, 'utf8').split('\n') : [];
  const results = lines.flatMap(parsed);
  if (ended) console.log(`${folder}: ended for want of time, when ${results.length} mutants had a result.`);
  else if (code !== 0) throw new Error(`Stryker ended with code ${code} on ${folder}.`);
  return { results, ended };
}

/** The file of a pattern such as `src/core/rate.ts:5-7`. */
export const fileOf = (pattern) => pattern.replace(/:[\d:-]+$/, '');

/** Waits for a process and ends it with its whole group if it takes too long, or this one is ended. */
async function endOf(child, endAt) {
  let ended = false;
  const kill = () => {
    ended = true;
    process.kill(-child.pid, 'SIGKILL');
  };
  const timer = endAt === undefined ? undefined : setTimeout(kill, Math.max(0, endAt - Date.now()));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, kill);
  const code = await new Promise((resolve, reject) => child.on('exit', resolve).on('error', reject));
  clearTimeout(timer);
  return { ended, code };
}

/** Few inputs, always the same ones, and only what needs no service. */
const ENVIRONMENT = { BAD_INPUT: '50', BAD_INPUT_SEED: '1', TEST_STACKS: 'SQLite + memory' };

/** Nothing for a line that was not written to its end. */
function parsed(line) {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}
