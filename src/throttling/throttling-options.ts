import { ConfigurationError } from '../core/errors.js';
import { parseRate, type Rate } from '../core/rate.js';
import type { ThrottleEngine } from './engine.js';
import { WAYS_AFTER_LOSS, type WhenLedgerIsLost } from './engines/leased-ledger.js';
import type { PolicyOptions } from './policy.js';

/**
 * What happens while the store is away: `closed` answers 503, `open` admits without counting, `local` counts in this
 * process: with leases by its share of the rate, on other engines with the whole rate.
 */
export type WhenStoreFails = 'closed' | 'open' | 'local';

/** The drafts of "RateLimit header fields for HTTP" that are written; 10 and 11 have the same syntax. */
export type RateLimitVersion = 'draft-10' | 'draft-11';

/** Which response fields tell a caller of the state of the policies. */
export interface FieldsOptions {
  /** The draft for `RateLimit` and `RateLimit-Policy`; default `draft-10`; `false` leaves them out. */
  readonly version?: RateLimitVersion | false;
  /** Also `X-RateLimit-Limit`, `-Remaining` and `-Reset` (seconds since the epoch) of the scarcest policy. */
  readonly legacy?: boolean;
}

export interface ThrottlingOptions {
  /** Policies by name: a rate (`100/hour`), `null` for no limit, or the whole policy. */
  readonly policies?: Readonly<Record<string, string | null | PolicyOptions>>;
  /** Where is counted; by default with leases in the `redis` of `createOAuth2`, if there is one, else in this process. */
  readonly engine?: ThrottleEngine;
  /** Default `closed`. */
  readonly whenStoreFails?: WhenStoreFails;
  /**
   * What follows when the Redis of the default engine has forgotten what was counted; default `wait`. An engine of your
   * own has it as an option of `leasedEngine`.
   */
  readonly whenLedgerIsLost?: WhenLedgerIsLost;
  /** How long a decision may take before the store counts as failed, in milliseconds; default 50. */
  readonly deadlineMilliseconds?: number;
  /** The budget of failed authentications of one address; default `300/m`; `null` for none. */
  readonly failedAuthentication?: string | null;
  readonly fields?: FieldsOptions;
  /** Names of policies that hold for every action. */
  readonly everywhere?: readonly string[];
}

/** The options, checked and with their defaults; without what needs more than a check. */
export interface CheckedOptions {
  readonly whenStoreFails: WhenStoreFails;
  readonly deadlineMilliseconds: number;
  readonly failedAuthentication: Rate | null;
  readonly fields: { readonly version: RateLimitVersion | false; readonly legacy: boolean };
}

const NAMES: ReadonlySet<string> = new Set([
  ...['policies', 'engine', 'whenStoreFails', 'whenLedgerIsLost', 'deadlineMilliseconds', 'failedAuthentication'],
  ...['fields', 'everywhere'],
]);
const MODES: readonly WhenStoreFails[] = ['closed', 'open', 'local'];
const VERSIONS: readonly (RateLimitVersion | false)[] = ['draft-10', 'draft-11', false];
const MAXIMUM_DEADLINE_MILLISECONDS = 60_000;

/** @throws ConfigurationError that names the option, the value and the fix */
export function checkOptions(options: ThrottlingOptions): CheckedOptions {
  for (const name of Object.keys(options)) {
    if (!NAMES.has(name)) fail(name, 'no such option', `use one of ${[...NAMES].join(', ')}`);
  }
  const {
    policies,
    engine,
    whenStoreFails = 'closed',
    whenLedgerIsLost,
    deadlineMilliseconds = 50,
    failedAuthentication = '300/m',
  } = options;
  if (policies !== undefined && (typeof policies !== 'object' || policies === null || Array.isArray(policies))) {
    fail('policies', policies, "give an object such as { user: '100/hour' }");
  }
  if (engine !== undefined && (typeof engine?.consume !== 'function' || typeof engine.refund !== 'function')) {
    fail('engine', engine, 'give memoryEngine(), leasedEngine({ redis }) or another object with consume and refund');
  }
  if (!MODES.includes(whenStoreFails)) fail('whenStoreFails', whenStoreFails, "use 'closed', 'open' or 'local'");
  if (whenLedgerIsLost !== undefined && !WAYS_AFTER_LOSS.includes(whenLedgerIsLost)) {
    fail('whenLedgerIsLost', whenLedgerIsLost, "use 'wait' or 'restart'");
  }
  if (whenLedgerIsLost !== undefined && engine !== undefined) {
    fail(
      'whenLedgerIsLost',
      whenLedgerIsLost,
      'it is for the default engine; beside an engine, give it to leasedEngine',
    );
  }
  const deadlineFits = deadlineMilliseconds > 0 && deadlineMilliseconds <= MAXIMUM_DEADLINE_MILLISECONDS;
  if (typeof deadlineMilliseconds !== 'number' || !deadlineFits) {
    fail(
      'deadlineMilliseconds',
      deadlineMilliseconds,
      `give milliseconds above 0, at most ${MAXIMUM_DEADLINE_MILLISECONDS}`,
    );
  }
  const failures = parseRate(failedAuthentication, 'throttling.failedAuthentication');
  if (failures?.limit === 0) {
    fail(
      'failedAuthentication',
      failedAuthentication,
      'it would refuse every token; allow at least 1, or null for no budget',
    );
  }
  return { whenStoreFails, deadlineMilliseconds, failedAuthentication: failures, fields: checkFields(options.fields) };
}

function checkFields(fields: FieldsOptions = {}): CheckedOptions['fields'] {
  if (typeof fields !== 'object' || fields === null) fail('fields', fields, 'use an object, e.g. { version: false }');
  const { version = 'draft-10', legacy = false, ...others } = fields;
  for (const name of Object.keys(others)) fail(`fields.${name}`, 'no such option', 'use version and legacy');
  if (!VERSIONS.includes(version)) fail('fields.version', version, "use 'draft-10', 'draft-11' or false");
  if (typeof legacy !== 'boolean') fail('fields.legacy', legacy, 'use true or false');
  return { version, legacy };
}

function fail(option: string, value: unknown, fix: string): never {
  const shown = typeof value === 'object' && value !== null ? 'an object of another kind' : String(value);
  throw new ConfigurationError(`throttling.${option}: ${shown}; ${fix}.`);
}
