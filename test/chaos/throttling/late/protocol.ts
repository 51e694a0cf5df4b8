import type { WhenStoreFails } from '../../../../src/throttling/index.js';

export const ENGINES = ['leased', 'redis', 'flexible'] as const;
export const WAYS: readonly WhenStoreFails[] = ['closed', 'open', 'local'];

export type EngineName = (typeof ENGINES)[number];

export interface ServerSettings {
  readonly engine: EngineName;
  readonly whenStoreFails: WhenStoreFails;
  /** Where the process reaches Redis. */
  readonly redis: string;
  readonly keyPrefix: string;
  readonly database: string;
  /** How long each request keeps the process busy. */
  readonly workMilliseconds: number;
  readonly deadlineMilliseconds?: number;
  /** Of each token; default `200/hour`. */
  readonly rate?: string;
}

export type Order =
  /** Issues tokens that nobody has presented yet. */
  { readonly kind: 'issue'; readonly count: number } | { readonly kind: 'close' };

export type Report =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'issued'; readonly tokens: readonly string[] }
  | { readonly kind: 'log'; readonly line: string };
