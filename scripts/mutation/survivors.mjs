import { existsSync, readFileSync } from 'node:fs';

/**
 * The mutants that no test kills, each with the reason why none has to: a list of
 * `{ "file": …, "line": …, "mutants": ["before => after"], "reason": … }`, where `line` is the line of the source, and not its
 * number, so that an entry lasts until its line changes.
 */
const LIST = 'test/mutation/survivors.json';

/** The longest part of an entry's text that is written out. */
const LONGEST = 120;

export const DETECTED = new Set(['Killed', 'Timeout']);
export const UNDETECTED = new Set(['Survived', 'NoCoverage']);

const oneLine = (text) => {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
};

/** How the list names a mutant. */
export function nameOf({ file, location: { start, end }, replacement }) {
  const source = sourceLines(file);
  const part = source.slice(start.line - 1, end.line);
  part[part.length - 1] = part.at(-1).slice(0, end.column - 1);
  part[0] = part[0].slice(start.column - 1);
  return {
    file,
    line: source[start.line - 1].trim(),
    mutant: `${oneLine(part.join('\n'))} => ${oneLine(replacement)}`,
  };
}

const sources = new Map();
function sourceLines(file) {
  if (!sources.has(file)) sources.set(file, readFileSync(file, 'utf8').split('\n'));
  return sources.get(file);
}

const keyOf = ({ file, line, mutant }) => `${file}\n${line}\n${mutant}`;

/** The list, with one entry for each mutant. */
export function readList() {
  const entries = JSON.parse(readFileSync(LIST, 'utf8'));
  return entries.flatMap(({ file, line, mutants, reason }) =>
    mutants.map((mutant) => ({ file, line, mutant, reason })),
  );
}

/** What is wrong with the list in itself: an entry without a reason, twice, or about a line that is no longer there. */
export function problemsOfList(list) {
  const problems = [];
  const seen = new Set();
  for (const entry of list) {
    const { file, line, mutant, reason } = entry;
    const where = `${LIST}: ${file}: ${mutant} in "${line}"`;
    if (!reason) problems.push(`${where} has no reason.`);
    if (seen.has(keyOf(entry))) problems.push(`${where} is there twice.`);
    seen.add(keyOf(entry));
    const hasLine = existsSync(file) && sourceLines(file).some((one) => one.trim() === line);
    if (!hasLine) problems.push(`${where} is stale: the line is gone; remove the entry, or look at the mutant again.`);
  }
  return problems;
}

/**
 * Compares results with the list.
 *
 * @returns the survivors that are not listed, and those that are, and the entries whose mutant is killed now
 */
export function compare(results, list) {
  const listed = new Map(list.map((entry) => [keyOf(entry), entry]));
  const named = results.map((result) => ({ ...result, ...nameOf(result) }));
  const survivors = named.filter(({ status }) => UNDETECTED.has(status));
  const surviving = new Set(survivors.map(keyOf));
  return {
    unlisted: survivors.filter((survivor) => !listed.has(keyOf(survivor))),
    accepted: survivors.flatMap((survivor) => listed.get(keyOf(survivor)) ?? []),
    // A mutant that ran out of time may have been slow.
    stale: named
      .filter((result) => result.status === 'Killed' && listed.has(keyOf(result)) && !surviving.has(keyOf(result)))
      .map((result) => `${LIST}: ${result.file}: ${result.mutant} in "${result.line}" is stale: a test kills it now.`),
  };
}

/** The list's entries whose file was tested as a whole, and that name no mutant of it. */
export function entriesWithoutMutant(list, results, wholeFiles) {
  const mutants = new Set(results.map((result) => keyOf(nameOf(result))));
  return list
    .filter((entry) => wholeFiles.has(entry.file) && !mutants.has(keyOf(entry)))
    .map(({ file, line, mutant }) => `${LIST}: ${file}: ${mutant} in "${line}" is stale: there is no such mutant.`);
}
