import { mutantLines } from './mutants.mjs';

/** As measured on two busy processors: what one mutant costs, and what a run costs before its first one. */
const SECONDS_OF_MUTANT = 0.9;
const SECONDS_OF_RUN = 75;

/**
 * What of the changed files is tested within some minutes. Files with few mutants come first. Of one that does not fit any
 * more, the changed lines are taken, and of these as many as fit, from the first on. The same change gives the same choice.
 *
 * @param changed each file with its changed lines, as pairs of first and last
 * @returns patterns for Stryker, and a sentence for each thing that was left out
 */
export async function chooseWithin(minutes, changed, areaOf) {
  const counted = await Promise.all(
    [...changed].map(async ([file, ranges]) => ({ file, ranges, lines: await mutantLines(file) })),
  );
  const withMutants = counted
    .filter(({ lines }) => lines.length > 0)
    .sort((one, other) => one.lines.length - other.lines.length || (one.file < other.file ? -1 : 1));
  const areas = new Set(withMutants.map(({ file }) => areaOf(file)));
  let rest = Math.max(0, Math.floor((minutes * 60 - areas.size * SECONDS_OF_RUN) / SECONDS_OF_MUTANT));
  const patterns = [];
  const leftOut = [];
  for (const { file, ranges, lines } of withMutants) {
    if (lines.length <= rest) {
      patterns.push(file);
      rest -= lines.length;
      continue;
    }
    const inRanges = lines.filter((line) => ranges.some(([first, last]) => line >= first && line <= last));
    const taken = wholeLines(inRanges, rest);
    patterns.push(...[...new Set(taken)].map((line) => `${file}:${line}-${line}`));
    rest -= taken.length;
    leftOut.push(
      `${file}: ${lines.length - taken.length} of ${lines.length} mutants (${inRanges.length} on changed lines)`,
    );
  }
  return { patterns, leftOut };
}

/** The first of some sorted lines that are at most `count`, without parting those of one line. */
function wholeLines(lines, count) {
  const cut = lines[count];
  return cut === undefined ? lines : lines.filter((line) => line < cut);
}
