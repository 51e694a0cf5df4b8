import { readNetworkList } from '../core/addresses/index.js';
import {
  choiceOption,
  flagOption,
  functionOption,
  knownOptions,
  listOption,
  numberOption,
  objectOption,
  objectWith,
  optionPath,
  refuseOption,
} from '../core/options/index.js';
import { parseRate, type Rate } from '../core/rate.js';
import type { RegisteredUser } from '../core/register.js';
import { WAYS_AFTER_LOSS, type WhenLedgerIsLost } from './engines/leased/ledger.js';
import { exemptKeys } from './exempt-keys.js';
import type { PolicyOptions } from './policy.js';
import type { StoreState } from './store-reports.js';
import { DEFAULT_DEADLINE_MILLISECONDS, type ThrottleEngine } from './throttle-engine.js';

/**
 * What happens while the store is unavailable: `closed` answers 503, `open` admits without counting, `local` counts in
 * this process: with leases by its share of the rate, on other engines with the whole rate.
 */
export type WhenStoreFails = 'closed' | 'open' | 'local';

/** The drafts of "RateLimit header fields for HTTP" that are written; 10 and 11 have the same syntax. */
export type RateLimitVersion = 'draft-10' | 'draft-11';

/** Which response fields inform callers about the policies. */
export interface FieldsOptions {
  /** The draft for `RateLimit` and `RateLimit-Policy`; default `draft-10`; `false` leaves them out. */
  readonly version?: RateLimitVersion | false | undefined;
  /** Also `X-RateLimit-Limit`, `-Remaining` and `-Reset` (seconds since the epoch) of the scarcest policy. */
  readonly legacy?: boolean | undefined;
}

/** The budget of failed authentications. */
export interface FailedAuthenticationOptions {
  /** Default `300/m`; `null` for no budget. */
  readonly rate?: string | null | undefined;
  /**
   * Networks whose addresses have no budget, such as `10.0.0.0/8`, `192.0.2.7`, `fd00::/8`, `loopback`, `linklocal` or
   * `uniquelocal`. An address of IPv6 stands for the whole network that counts as one caller (`ipv6PrefixLength`).
   */
  readonly exempt?: readonly string[] | undefined;
}

/** The option `throttling`: policies, the engine that counts, and what happens when it cannot. */
export interface ThrottlingOptions<User = RegisteredUser> {
  /** Policies by name: a rate (`100/hour`), `null` for no limit, or the whole policy. */
  readonly policies?: Readonly<Record<string, string | null | PolicyOptions<User>>> | undefined;
  /**
   * The engine that counts; by default with leases in the `redis` of `createOAuth2` if there is one, otherwise in this
   * process.
   */
  readonly engine?: ThrottleEngine | undefined;
  /** Default `closed`. */
  readonly whenStoreFails?: WhenStoreFails | undefined;
  /**
   * What follows when the Redis of the default engine has lost its counters; default `restart`. For an engine of your
   * own it is an option of `leasedEngine`.
   */
  readonly whenLedgerIsLost?: WhenLedgerIsLost | undefined;
  /**
   * How long a request waits for its decision, in milliseconds of which this process could read the answer; then
   * `whenStoreFails` decides on it. Default 500.
   */
  readonly deadlineMilliseconds?: number | undefined;
  /**
   * The budget of failed authentications of one address: a rate (default `300/m`), `null` for none, or the rate with the
   * networks that have none.
   */
  readonly failedAuthentication?: string | null | FailedAuthenticationOptions | undefined;
  /** Which response fields inform callers about the policies. */
  readonly fields?: FieldsOptions | undefined;
  /**
   * Called once when the store becomes unavailable (with the error) and once when it is available again, e.g. for a
   * metric. What it throws is logged.
   */
  readonly onStoreStateChange?: ((state: StoreState, error?: unknown) => void) | undefined;
  /** Names of policies that apply to every action. */
  readonly global?: readonly string[] | undefined;
}

/** The options, checked and with their defaults; without those that need more than a check. */
export interface CheckedOptions {
  readonly whenStoreFails: WhenStoreFails;
  readonly deadlineMilliseconds: number;
  readonly failedAuthentication: Rate | null;
  /** Whether a key belongs to an address without a budget. */
  readonly isExempt: (key: string) => boolean;
  readonly fields: { readonly version: RateLimitVersion | false; readonly legacy: boolean };
}

/** The names of the options. */
export const THROTTLING_OPTION_NAMES = [
  'policies',
  'engine',
  'whenStoreFails',
  'whenLedgerIsLost',
  'deadlineMilliseconds',
  'failedAuthentication',
  'fields',
  'onStoreStateChange',
  'global',
] as const satisfies readonly (keyof ThrottlingOptions)[];

const MODES: readonly WhenStoreFails[] = ['closed', 'open', 'local'];
const VERSIONS: readonly (RateLimitVersion | false)[] = ['draft-10', 'draft-11', false];
const DEADLINE = { least: Number.MIN_VALUE, most: 60_000 };
const DEADLINE_FIX = 'give milliseconds above 0, at most 60000';

/** @throws ConfigurationError that names the option and the fix */
export function checkOptions(given: ThrottlingOptions): CheckedOptions {
  const {
    policies,
    engine,
    whenStoreFails = 'closed',
    whenLedgerIsLost,
    deadlineMilliseconds = DEFAULT_DEADLINE_MILLISECONDS,
    failedAuthentication,
    fields = {},
    onStoreStateChange,
    global: globalPolicies = [],
  } = knownOptions<ThrottlingOptions>('throttling', given, THROTTLING_OPTION_NAMES);
  if (policies !== undefined) {
    objectOption('throttling.policies', policies, "give an object such as { user: '100/hour' }");
  }
  if (engine !== undefined) {
    const fix = 'give memoryEngine(), leasedEngine({ redis }) or another object with consume and refund';
    objectWith('throttling.engine', engine, ['consume', 'refund'], fix);
  }
  choiceOption('throttling.whenStoreFails', whenStoreFails, MODES);
  if (whenLedgerIsLost !== undefined) {
    choiceOption('throttling.whenLedgerIsLost', whenLedgerIsLost, WAYS_AFTER_LOSS);
    if (engine !== undefined) {
      const fix = 'it applies to the default engine; with an engine of your own, pass it to leasedEngine';
      refuseOption('throttling.whenLedgerIsLost', whenLedgerIsLost, fix, { near: WAYS_AFTER_LOSS });
    }
  }
  numberOption('throttling.deadlineMilliseconds', deadlineMilliseconds, DEADLINE, DEADLINE_FIX);
  if (onStoreStateChange !== undefined) {
    functionOption('throttling.onStoreStateChange', onStoreStateChange, "give a function of 'up' or 'down'");
  }
  listOption('throttling.global', globalPolicies, "give the names of policies, e.g. ['user']");
  return {
    whenStoreFails,
    deadlineMilliseconds,
    ...checkFailedAuthentication(failedAuthentication),
    fields: checkFields(fields),
  };
}

const NOBODY = () => false;

function checkFailedAuthentication(
  given: ThrottlingOptions['failedAuthentication'],
): Pick<CheckedOptions, 'failedAuthentication' | 'isExempt'> {
  const path = 'throttling.failedAuthentication';
  const isWhole = typeof given === 'object' && given !== null;
  const { rate = '300/m', exempt } = isWhole
    ? knownOptions<FailedAuthenticationOptions>(path, given, ['rate', 'exempt'])
    : { rate: given };
  const ratePath = isWhole ? optionPath(path, 'rate') : path;
  const failures = parseRate(rate, ratePath);
  if (failures?.limit === 0) {
    const fix = 'it would refuse every token; allow at least 1, or null for no budget';
    refuseOption(ratePath, rate, fix, { rate: true });
  }
  if (exempt === undefined) return { failedAuthentication: failures, isExempt: NOBODY };
  const networks = readNetworkList(
    optionPath(path, 'exempt'),
    exempt,
    'it contains every address; for no budget at all give null as the rate',
  );
  return { failedAuthentication: failures, isExempt: exemptKeys(networks) };
}

function checkFields(given: FieldsOptions): CheckedOptions['fields'] {
  const { version = 'draft-10', legacy = false } = knownOptions<FieldsOptions>(
    'throttling.fields',
    given,
    ['version', 'legacy'],
    'use an object, e.g. { version: false }',
  );
  choiceOption('throttling.fields.version', version, VERSIONS);
  flagOption('throttling.fields.legacy', legacy);
  return { version, legacy };
}
