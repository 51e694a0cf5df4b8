import type { Durations } from '../core/observation/durations.js';
import { ACCESS_OUTCOMES } from '../core/observation/outcomes.js';
import { LOOK_UP_SERIES } from '../core/observation/statistics.js';
import type { Readings } from './readings.js';

/** One value of a metric. The values of labels come from fixed lists, and from the policies that the code declares. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Described {
  /** In OpenTelemetry; in Prometheus with underscores, the unit, and `_total` for counters. */
  readonly name: `oauth2.${string}`;
  readonly description: string;
  readonly unit?: 's';
  readonly labels: readonly string[];
}

/** A number that is read when somebody asks. */
export interface NumberMetric extends Described {
  readonly kind: 'counter' | 'gauge';
  read(readings: Readings): readonly Sample[];
}

/** A distribution of durations. */
export interface HistogramMetric extends Described {
  readonly kind: 'histogram';
  readonly unit: 's';
  read(
    readings: Readings,
  ): readonly { readonly labels: Readonly<Record<string, string>>; readonly durations: Durations }[];
}

export type Metric = NumberMetric | HistogramMetric;

const seconds = (milliseconds: number) => milliseconds / 1000;
const one = (value: number | undefined): readonly Sample[] => (value === undefined ? [] : [{ labels: {}, value }]);

/** All metrics. */
export const METRICS: readonly Metric[] = [
  {
    name: 'oauth2.access.decisions',
    kind: 'counter',
    description: 'Decisions of the guards, by outcome: granted, public, or the reason of a refusal.',
    labels: ['outcome'],
    read: ({ statistics }) =>
      ACCESS_OUTCOMES.map((outcome) => ({ labels: { outcome }, value: statistics.access[outcome] })),
  },
  {
    name: 'oauth2.token.lookups',
    kind: 'counter',
    description: 'Answers about access tokens, by the level that had them (process, redis, verifier) and by result.',
    labels: ['level', 'result'],
    read: ({ statistics }) =>
      LOOK_UP_SERIES.map(({ level, result }) => ({
        labels: { level, result },
        value: statistics.lookUps[level][result],
      })),
  },
  {
    name: 'oauth2.token.lookup.duration',
    kind: 'histogram',
    unit: 's',
    description: 'How long an answer about an access token took that was not in the memory of the process.',
    labels: ['level'],
    read: ({ statistics: { durations } }) => [
      { labels: { level: 'redis' }, durations: durations.redis },
      { labels: { level: 'verifier' }, durations: durations.verifier },
    ],
  },
  {
    name: 'oauth2.throttle.decisions',
    kind: 'counter',
    description: 'Decisions of throttling policies; undecided: the store did not answer.',
    labels: ['policy', 'decision'],
    read: ({ statistics }) =>
      [...statistics.policies.all()].flatMap(({ policy, allowed, refused, undecided }) => [
        { labels: { policy, decision: 'allowed' }, value: allowed },
        { labels: { policy, decision: 'refused' }, value: refused },
        { labels: { policy, decision: 'undecided' }, value: undecided },
      ]),
  },
  {
    name: 'oauth2.throttle.peak',
    kind: 'gauge',
    description: 'The greatest share of its limit that one caller had used in the present or the last minute, 0 to 1.',
    labels: ['policy'],
    read: ({ statistics }) =>
      [...statistics.policies.all()].map(({ policy, recentPeak }) => ({ labels: { policy }, value: recentPeak })),
  },
  {
    name: 'oauth2.events',
    kind: 'counter',
    description: 'How often each event happened, such as token.issued or client.refused.',
    labels: ['event'],
    read: (readings) => readings.counts().map(([event, value]) => ({ labels: { event }, value })),
  },
  {
    name: 'oauth2.tokens.revoked',
    kind: 'counter',
    description: 'Tokens that were revoked through this process, one at a time or by their owner.',
    labels: [],
    read: (readings) => one(readings.tokensRevoked),
  },
  {
    name: 'oauth2.tokens.live',
    kind: 'gauge',
    description: 'Access tokens in the database that are valid, counted at most once a minute and up to 100,000.',
    labels: [],
    read: (readings) => one(readings.liveTokens),
  },
  {
    name: 'oauth2.store.up',
    kind: 'gauge',
    description: 'Whether the database, and the cache and the throttle in Redis, can be asked: 1 or 0.',
    labels: ['store'],
    read: (readings) =>
      readings.stores().map(([store, state]) => ({ labels: { store }, value: state === 'up' ? 1 : 0 })),
  },
  {
    name: 'oauth2.database.connections',
    kind: 'gauge',
    description: 'Connections of the pool that are used and free, and callers that wait for one.',
    labels: ['state'],
    read: ({ pool }) =>
      pool === undefined
        ? []
        : (['used', 'free', 'waiting'] as const).map((state) => ({ labels: { state }, value: pool[state] })),
  },
  {
    name: 'oauth2.cache.entries',
    kind: 'gauge',
    description: 'Verified tokens in the memory of the process.',
    labels: [],
    read: ({ cache }) => one(cache.entries),
  },
  {
    name: 'oauth2.revocation.lag',
    kind: 'gauge',
    unit: 's',
    description: 'How long the last probe took through Redis that takes the way of revocations. Only with Redis.',
    labels: [],
    read: ({ cache }) => one(cache.lagMilliseconds === undefined ? undefined : seconds(cache.lagMilliseconds)),
  },
  {
    name: 'oauth2.revocation.proven',
    kind: 'gauge',
    description: 'Whether revocations of other processes are known to arrive in time; if 0, each token is looked up.',
    labels: [],
    read: ({ cache }) => one(cache.isProven ? 1 : 0),
  },
];

/** The name of a metric in Prometheus. */
export function prometheusName({ name, kind, unit }: Metric): string {
  const base = name.replaceAll('.', '_');
  return `${base}${unit === 's' ? '_seconds' : ''}${kind === 'counter' ? '_total' : ''}`;
}
