import { AssertionError } from 'node:assert';
import type { OAuth2ErrorCode } from '../core/errors.js';
import { choiceOption, knownOptions, wholeNumberOption } from '../core/options/index.js';
import { bodyOf, type Denial, denialOf, STATUS } from './denial.js';
import { type ExpectedDenial, problemsOf } from './denial-problems.js';

/** What is known of the request, for the message. */
export interface AboutRequest {
  /** E.g. `GET /books as user ann with the scopes books:read`. */
  readonly request: string;
  /** What was logged since it was sent. */
  readonly log: readonly string[];
}

const NAMES = ['error', 'status', 'scope', 'description', 'challenge'] as const;

/**
 * Makes sure that a request was refused, and how. A failure says what happened instead.
 *
 * @param answer the response, or what resolves to it; its body stays readable
 * @param expected the code of the error, a status, or more of it; default: any refusal (401, 403, 429)
 * @param about what is known of the request
 * @returns what the response says
 * @throws AssertionError (rejects with it) if it was answered otherwise
 */
export async function expectDenied(
  answer: Response | PromiseLike<Response>,
  expected: ExpectedDenial | OAuth2ErrorCode | number = {},
  about: (response: Response) => AboutRequest | undefined = () => undefined,
): Promise<Denial> {
  const response = await answer;
  const wanted = readExpected(expected);
  const denial = denialOf(response, await bodyOf(response));
  const problems = problemsOf(denial, wanted);
  if (problems.length === 0) return denial;
  const { request, log } = about(response) ?? withoutNotes(response);
  const logged = log.length === 0 ? '' : `\nLogged meanwhile:\n${log.map((line) => `  ${line}`).join('\n')}`;
  throw new AssertionError({
    message: `${request}: expected ${describe(wanted)}, but it was ${happened(denial)}.\n${problems.map((one) => `  - ${one}`).join('\n')}${logged}`,
    actual: pick(wanted, { ...denial, scope: denial.scopes.join(' ') }),
    expected: wanted,
    operator: 'expectDenied',
    stackStartFn: expectDenied,
  });
}

/** What corresponds in the response to what was expected, for tools that show both side by side. */
function pick(wanted: ExpectedDenial, denial: Denial & { readonly scope: string }): Partial<Denial> {
  const names = Object.keys(wanted).filter((name) => name !== 'challenge') as (keyof Denial)[];
  return names.length === 0
    ? { status: denial.status, error: denial.error }
    : Object.fromEntries(names.map((name) => [name, denial[name]]));
}

function withoutNotes({ url }: Response): AboutRequest {
  return { request: url === '' ? 'The request' : new URL(url).pathname, log: [] };
}

function readExpected(expected: ExpectedDenial | OAuth2ErrorCode | number): ExpectedDenial {
  const given =
    typeof expected === 'string' ? { error: expected } : typeof expected === 'number' ? { status: expected } : expected;
  const read = knownOptions<ExpectedDenial>('expectDenied', given, NAMES, 'give the code of an error, or a status');
  if (read.status !== undefined) wholeNumberOption('expectDenied.status', read.status, { least: 400, most: 599 });
  if (read.error === undefined) return read;
  const error = choiceOption('expectDenied.error', read.error, Object.keys(STATUS) as OAuth2ErrorCode[]);
  return { ...read, status: read.status ?? STATUS[error] };
}

function describe({ error, status }: ExpectedDenial): string {
  if (error !== undefined) return `a refusal with ${error} (${status})`;
  return status === undefined ? 'a refusal' : `a refusal with the status ${status}`;
}

const LONGEST_BODY = 300;

function happened({ status, error, description, body, challenges }: Denial): string {
  if (status < 400) return `answered with ${status}: ${excerpt(body)}`;
  const [challenge] = challenges;
  const asked = Object.entries(challenge?.parameters ?? {}).map(([name, value]) => `${name}="${value}"`);
  const shown = challenge === undefined ? '' : ` (challenge: ${challenge.scheme} ${asked.join(', ')})`;
  return `refused with ${status} ${error}: ${description ?? excerpt(body)}${shown}`;
}

function excerpt(body: unknown): string {
  const text = typeof body === 'string' ? body : (JSON.stringify(body) ?? 'no body that can be read');
  return text.length <= LONGEST_BODY ? text : `${text.slice(0, LONGEST_BODY)}…`;
}
