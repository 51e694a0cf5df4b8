import { readFile, writeFile } from 'node:fs/promises';
import type { EngineName } from './protocol.js';
import { WAYS } from './protocol.js';
import { type Answer, countsOf } from './stand.js';

/** What was answered, by situation, engine and mode. */
export class Outcomes {
  readonly #cells = new Map<string, Map<string, Map<string, Answer[]>>>();

  add(situation: string, engine: EngineName, mode: string, answers: Answer[]): void {
    const row = child(this.#cells, situation);
    child(row, engine).set(mode, answers);
  }

  /** A table in Markdown. */
  table(engines: readonly EngineName[]): string {
    const names = { leased: 'leases', redis: '`redisEngine`', flexible: 'rate-limiter-flexible' };
    const lines = [
      ['meanwhile', ...engines.map((engine) => names[engine]), 'slowest'],
      Array.from({ length: engines.length + 2 }, () => '---'),
    ];
    for (const [situation, row] of this.#cells) {
      const cells = engines.map((engine) => cell(row.get(engine) ?? new Map()));
      const all = [...row.values()].flatMap((modes) => [...modes.values()].flat());
      const slowest = Math.max(...all.map(({ milliseconds }) => milliseconds));
      lines.push([situation, ...cells, `${(slowest / 1000).toFixed(1)} s`]);
    }
    return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
  }
}

/** Writes a table between the marks of a page. */
export async function writeBetweenMarks(file: string, mark: string, text: string): Promise<void> {
  const page = await readFile(file, 'utf8');
  const [begin, end] = [`<!-- ${mark} -->`, `<!-- /${mark} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no marks ${begin} and ${end}.`);
  await writeFile(file, `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`);
}

function child<Value>(map: Map<string, Map<string, Value>>, name: string): Map<string, Value> {
  let found = map.get(name);
  if (found === undefined) {
    found = new Map();
    map.set(name, found);
  }
  return found;
}

/** One figure where all modes gave the same. */
function cell(modes: ReadonlyMap<string, Answer[]>): string {
  const told = WAYS.flatMap((mode) => {
    const answers = modes.get(mode);
    if (answers === undefined) return [];
    const { '200': admitted, '429': refused, '503': unavailable, other } = countsOf(answers);
    return [[mode, `${admitted} / ${refused} / ${unavailable}${other > 0 ? ` (${other} others)` : ''}`] as const];
  });
  const [first] = told;
  if (first === undefined) return '';
  if (told.every(([, figures]) => figures === first[1])) return first[1];
  return told.map(([mode, figures]) => `${mode}: ${figures}`).join('<br>');
}
