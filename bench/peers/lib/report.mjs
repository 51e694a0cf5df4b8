/** The results of a run, as JSON. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { decideAims } from './aims.mjs';

/** Whole runs stand beside those of the other benchmarks, others here. */
const WHOLE = new URL('../../results/peers.json', import.meta.url);
const PART = new URL('../results/part.json', import.meta.url);
/** What must be the same in both for one run to go on with another. */
const SETTINGS = ['pairs', 'slice', 'generations', 'warm', 'beside', 'connections', 'tokens', 'jwts', 'hot'];

export class Report {
  /** @param isPartial whether not all rows are to be measured */
  constructor(about, { isPartial, missing }) {
    this.file = isPartial ? PART : WHOLE;
    this.content = { about, rows: [] };
    if (missing) this.goOnWith(this.file);
  }

  goOnWith(file) {
    if (!existsSync(file)) throw new Error('--missing: there is no run to go on with.');
    const last = JSON.parse(readFileSync(file, 'utf8'));
    const { about } = this.content;
    const isSame =
      last.about.ours === about.ours && SETTINGS.every((name) => last.about.settings[name] === about.settings[name]);
    if (!isSame) throw new Error('--missing: the last run had another build of our package, or other settings.');
    this.content = { ...last, about: { ...about, date: last.about.date, continued: about.date } };
  }

  has({ mode, contender }) {
    return this.content.rows.some(
      (row) => row.mode === mode && row.contender === contender && row.failed === undefined,
    );
  }

  /** Puts a row in place of an older one, and writes the file. */
  put(row) {
    const isOther = (other) => other.mode !== row.mode || other.contender !== row.contender;
    this.set({ rows: [...this.content.rows.filter(isOther), row] });
  }

  /** Adds what is no row. */
  set(more) {
    Object.assign(this.content, more);
    this.content.aims = decideAims(this.content.rows);
    mkdirSync(new URL('.', this.file), { recursive: true });
    writeFileSync(this.file, `${JSON.stringify(this.content, rounded, 1)}\n`);
  }
}

function rounded(_key, value) {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
}
