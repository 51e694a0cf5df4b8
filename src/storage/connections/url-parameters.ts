import { choiceOption, describeName, nearest, refuseOption, wholeNumberOption } from '../../core/options/index.js';

/** Parameters of a URL, each read at most once, by any spelling of its name. */
export class UrlParameters {
  private readonly values = new Map<string, string>();
  private readonly names: readonly string[];

  /**
   * Takes the parameters that are known. `ssl-mode`, `sslmode` and `SSL_MODE` are one name, as the databases' own
   * programs write it now in one way and now in another.
   *
   * @throws ConfigurationError naming an unknown parameter with the nearest known one, or one that is given twice
   */
  constructor(parameters: URLSearchParams, known: readonly string[]) {
    this.names = known;
    const byFoldedName = new Map(known.map((name) => [folded(name), name]));
    for (const [written, value] of parameters) {
      const name = byFoldedName.get(folded(written));
      if (name === undefined) refuseUnknownParameter(written, String(parameters), known);
      if (this.values.has(name)) refuseOption(pathOf(name), value, 'it is given twice; give it once');
      if (value === '') refuseOption(pathOf(name), value, 'give it a value, or leave it out');
      this.values.set(name, value);
    }
  }

  /** The text of a parameter, `undefined` where it is not given. */
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

  /** Whole seconds, as milliseconds. */
  seconds(name: string): number | undefined {
    const seconds = this.count(name, 3_600);
    return seconds === undefined ? undefined : seconds * 1_000;
  }

  /** Those that are given, by their own names. */
  given(among: readonly string[] = this.names): [name: string, value: string][] {
    return among.flatMap((name) => {
      const value = this.values.get(name);
      return value === undefined ? [] : [[name, value] as [string, string]];
    });
  }
}

/** Where a parameter stands, as messages name it. */
export function pathOf(name: string): string {
  return `The database URL's parameter ${name}`;
}

function refuseUnknownParameter(name: string, url: string, known: readonly string[]): never {
  const meant = nearest(name, known);
  const question = meant === undefined ? '' : ` did you mean "${meant}"?`;
  const fix = `it has the unknown parameter "${meant === undefined ? describeName(name) : describeName(name, known)}";${question} known are ${known.join(', ')}; for anything else pass a knex configuration`;
  refuseOption('database', url, fix);
}

function folded(name: string): string {
  return name.replace(/[-_]/g, '').toLowerCase();
}
