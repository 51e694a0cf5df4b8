import type { OAuth2ErrorCode } from '../core/errors.js';
import { type Denial, NAMED_IN_CHALLENGE } from './denial.js';

/** What a refusal is expected to be; what is left out may be anything that fits the rest. */
export interface ExpectedDenial {
  /** The code of the error. */
  readonly error?: OAuth2ErrorCode | undefined;
  /** Default: that of the error. */
  readonly status?: number | undefined;
  /** The scopes that the challenge asks for: a `scope` value or a list of names, in any order. */
  readonly scope?: string | readonly string[] | undefined;
  /** The public description, or what it must match. */
  readonly description?: string | RegExp | undefined;
  /**
   * Parameters of the challenge by their names, e.g. `{ max_age: '300' }`; `false`: there is none, as where only sessions
   * authenticate. Default: a 401 has one.
   */
  readonly challenge?: Readonly<Record<string, string>> | false | undefined;
}

/** The statuses of refusals, as opposed to faults. */
const REFUSALS = [401, 403, 429];

/** In what a response differs from the refusal that was expected. */
export function problemsOf(denial: Denial, wanted: ExpectedDenial): string[] {
  const { status, error, description } = denial;
  if (wanted.status === undefined && !REFUSALS.includes(status)) return [`the status is ${status}`];
  // What else differs follows from the status.
  if (wanted.status !== undefined && status !== wanted.status) return [`the status is ${status}, not ${wanted.status}`];
  const problems = [...challengeProblems(denial, wanted)];
  if (wanted.error !== undefined && error !== wanted.error) {
    problems.unshift(`the error is ${error}, not ${wanted.error}`);
  }
  if (wanted.description !== undefined && !fits(description ?? '', wanted.description)) {
    problems.push(`the description is ${JSON.stringify(description)}, not ${String(wanted.description)}`);
  }
  return problems;
}

function* challengeProblems({ status, error, challenges, scopes }: Denial, wanted: ExpectedDenial): Generator<string> {
  if (wanted.challenge === false) {
    if (challenges.length > 0) yield 'there is a challenge (WWW-Authenticate)';
    return;
  }
  if (status === 401 && challenges.length === 0) yield 'there is no challenge (WWW-Authenticate)';
  const valuesOf = (name: string) =>
    challenges.map(({ parameters }) => parameters[name]).filter((value) => value !== undefined);
  if (NAMED_IN_CHALLENGE.has(error) && challenges.length > 0 && !valuesOf('error').includes(error)) {
    yield `the challenge does not name the error ${error}`;
  }
  if (wanted.scope !== undefined) {
    const all = typeof wanted.scope === 'string' ? wanted.scope.split(' ') : wanted.scope;
    if (sorted(scopes) !== sorted(all)) {
      yield `the challenge asks for the scopes "${scopes.join(' ')}", not "${all.join(' ')}"`;
    }
  }
  for (const [name, value] of Object.entries(wanted.challenge ?? {})) {
    const values = valuesOf(name.toLowerCase());
    const said = values.length === 0 ? 'missing' : `"${values.join('", "')}"`;
    if (!values.includes(value)) yield `${name} of the challenge is ${said}, not "${value}"`;
  }
}

function sorted(names: readonly string[]): string {
  return [...names].sort().join(' ');
}

function fits(description: string, wanted: string | RegExp): boolean {
  return typeof wanted === 'string' ? description === wanted : description.search(wanted) !== -1;
}
