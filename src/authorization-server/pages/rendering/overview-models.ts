import type { StoreName, StoreState } from '../../../core/observation/outcomes.js';
import type { OverviewSource } from '../../../core/observation/overview.js';
import type { Viewer } from './viewer.js';

/** A series of a picture, in words. */
export interface OverviewSeries {
  /** What it counts. */
  readonly name: string;
  /** The class of its colour in the stylesheet. */
  readonly className: string;
  /** All that was counted in the time that is shown. */
  readonly total: number;
}

/** What happened in a slot of time. */
export interface OverviewRow {
  /** When it began, in milliseconds since the Unix epoch. */
  readonly atMilliseconds: number;
  /** The counts, in the order of the series. */
  readonly values: readonly number[];
}

/** A picture over time, with the numbers behind it. */
export interface OverviewPicture {
  /** Names it on the page. */
  readonly id: string;
  /** What it shows, and of which time. */
  readonly title: string;
  /** SVG without script and style, with a title and a description. */
  readonly svg: string;
  /** What is shown, each in a colour of its own. */
  readonly series: readonly OverviewSeries[];
  /** The slots in which something was counted, oldest first. */
  readonly rows: readonly OverviewRow[];
}

/** A subject, shown for the last hour and the last day. */
export interface OverviewTopic {
  /** Names it on the page. */
  readonly id: string;
  /** What it is about. */
  readonly title: string;
  /** The last hour, then the last day. */
  readonly pictures: readonly OverviewPicture[];
}

/** What became of the requests that a throttling policy applied to. */
export interface OverviewPolicy {
  /** The name of the policy. */
  readonly name: string;
  /** How many it let pass. */
  readonly allowed: number;
  /** How many it refused. */
  readonly refused: number;
  /** How many were decided without the store. */
  readonly undecided: number;
  /** The greatest share of its limit that one caller had used, 0 to 1. */
  readonly peak: number;
}

/** The policies in a time. */
export interface OverviewPolicies {
  /** Names it on the page. */
  readonly id: string;
  /** Which time it is. */
  readonly title: string;
  /** SVG without script and style: how near each policy is to its limit. */
  readonly svg: string;
  /** The policies that applied to a request, those with most refusals first. */
  readonly policies: readonly OverviewPolicy[];
}

/** What happened lately, and the present state; staff only. */
export interface OverviewModel {
  /** Who looks at it. */
  readonly viewer: Viewer;
  /** Whose counts are shown: of all processes, or of the one that made the page. */
  readonly source: OverviewSource;
  /** Since when the process that made the page counts, in milliseconds since the Unix epoch. */
  readonly sinceMilliseconds: number;
  /** Whether the stores can be asked, as the process that made the page sees it. */
  readonly stores: readonly {
    /** Which store it is. */
    readonly name: StoreName;
    /** Whether it can be asked. */
    readonly state: StoreState;
  }[];
  /** Connections to the database, if the pool tells. */
  readonly connections:
    | {
        /** Those that a request uses. */
        readonly used: number;
        /** Those that are open and not in use. */
        readonly free: number;
        /** How many requests wait for one. */
        readonly waiting: number;
      }
    | undefined;
  /** Valid access tokens in the database, if they have been counted. */
  readonly liveTokens: number | undefined;
  /** Verified tokens in the memory of the process that made the page. */
  readonly cachedTokens: number;
  /** How long a message takes on the way of revocations, if there is a Redis. */
  readonly revocationLagMilliseconds: number | undefined;
  /** What is shown over time. */
  readonly topics: readonly OverviewTopic[];
  /** The throttling policies in the last hour and the last day. */
  readonly policies: readonly OverviewPolicies[];
}
