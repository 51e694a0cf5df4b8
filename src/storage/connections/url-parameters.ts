import { choiceOption, describeName, refuseOption, suggestion, wholeNumberOption } from '../../core/options/index.js';

/** The parameters of a URL, by any spelling of their names. */
export class UrlParameters {
  private readonly values = new Map<string, string>();
  private readonly names: readonly string[];

  /**
   * Reads the known parameters. `ssl-mode`, `sslmode` and `SSL_MODE` are one name, since the databases' own programs
   * use several spellings.
   *
   * @throws ConfigurationError naming an unknown parameter with the most similar known one, or one that is given twice
   */
  constructor(parameters: URLSearchParams, known: readonly string[]) {
    this.names = known;
    const byFoldedName = new Map(known.map((name) => [folded(name), name]));
    for (const [written, value] of parameters) {
      const name = byFoldedName.get(folded(written));
      if (name === undefined) refuseUnknownParameter(written, String(parameters), known);
      if (this.values.has(name)) refuseOption(pathOf(name), value, 'it is given twice; give it once');
      if (value === '') refuseOption(pathOf(name), value, 'give it a value, or omit it');
      this.values.set(name, value);
    }
  }

  /** The value of a parameter; `undefined` if it is not given. */
  text(name: string): string | undefined {
    return this.values.get(name);
  }

  choice<const Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const value = this.values.get(name);
    return value === undefined
      ? undefined
      : choiceOption(pathOf(name), value.toLowerCase().replaceAll('_', '-'), choices);
  }

  /** A whole number, at least 1. */
  count(name: string, most: number): number | undefined {
    const value = this.values.get(name);
    if (value === undefined) return undefined;
    return wholeNumberOption(pathOf(name), /^\d{1,9}$/.test(value) ? Number(value) : value, { least: 1, most });
  }

  /** A number of seconds, converted to milliseconds. */
  seconds(name: string): number | undefined {
    const seconds = this.count(name, 3_600);
    return seconds === undefined ? undefined : seconds * 1_000;
  }

  /** The parameters that are given, with their standard names. */
  given(among: readonly string[] = this.names): [name: string, value: string][] {
    return among.flatMap((name) => {
      const value = this.values.get(name);
      return value === undefined ? [] : [[name, value] as [string, string]];
    });
  }
}

/** The path of a parameter in messages. */
export function pathOf(name: string): string {
  return `The database URL's parameter ${name}`;
}

function refuseUnknownParameter(name: string, url: string, known: readonly string[]): never {
  const question = suggestion(name, known, (meant) => `"${meant}"`);
  const shown = question === '' ? describeName(name) : describeName(name, known);
  const fix = `it has the unknown parameter "${shown}"; ${question === '' ? '' : `${question} `}known are ${known.join(', ')}; for anything else pass a knex configuration`;
  refuseOption('database', url, fix);
}

function folded(name: string): string {
  return name.replace(/[-_]/g, '').toLowerCase();
}
