import { printable } from '../../../core/printable.js';

/** What is imported. */
export const ITEM_KINDS = [
  'applications',
  'access_tokens',
  'refresh_tokens',
  'spent_refresh_tokens',
  'consents',
] as const;

export type ItemKind = (typeof ITEM_KINDS)[number];

/** The counts of one kind. */
export interface Counts {
  /** Read from the source. */
  readonly read: number;
  /** Stored by this run, or with `--dry-run` to be stored. */
  readonly imported: number;
  /** Here already. */
  readonly present: number;
  /** Here already, and changed by this run as they were at the source. */
  readonly updated: number;
  /** Not imported, for the reasons that are listed. */
  readonly left_out: number;
}

/** Why some items were left out, or how they differ here. */
export interface Remark {
  readonly kind: ItemKind;
  readonly reason: string;
  readonly explanation: string;
  readonly count: number;
  /** The client identifiers of the applications; of tokens, those that they belong to. */
  readonly names: readonly string[];
  /** How many names are not listed. */
  readonly more_names: number;
}

/** The report of a run. It holds neither secrets nor tokens. */
export interface DjangoImportReport {
  readonly dry_run: boolean;
  /** Whether a signal ended it before its end. */
  readonly interrupted: boolean;
  readonly counts: Readonly<Record<ItemKind, Counts>>;
  /** What did not come. */
  readonly left_out: readonly Remark[];
  /** What came, but is not as it was. */
  readonly differences: readonly Remark[];
}

/** More names than this of one reason are only counted, because a report is kept in memory. */
const MOST_NAMES = 1_000;
const LONGEST_NAME = 255;

class RemarkList {
  private readonly remarks = new Map<
    string,
    { kind: ItemKind; reason: string; explanation: string; count: number; names: Set<string>; more: number }
  >();

  add(kind: ItemKind, reason: string, explanation: string, name: string | undefined): void {
    const key = `${kind} ${reason}`;
    const remark = this.remarks.get(key) ?? { kind, reason, explanation, count: 0, names: new Set<string>(), more: 0 };
    this.remarks.set(key, remark);
    remark.count += 1;
    if (name === undefined) return;
    // Names come from strangers, and the report is read on terminals.
    const shown = printable(name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name);
    if (remark.names.size < MOST_NAMES || remark.names.has(shown)) remark.names.add(shown);
    else remark.more += 1;
  }

  list(): Remark[] {
    return [...this.remarks.values()].map(({ names, more, ...remark }) => ({
      ...remark,
      names: [...names],
      more_names: more,
    }));
  }
}

/** Collects what a run has done. */
export class ReportBuilder {
  private readonly counts = new Map(
    ITEM_KINDS.map((kind) => [kind, { read: 0, imported: 0, present: 0, updated: 0, left_out: 0 }]),
  );
  private readonly leftOut = new RemarkList();
  private readonly differences = new RemarkList();

  count(kind: ItemKind, what: Exclude<keyof Counts, 'left_out'>, number = 1): void {
    const counts = this.counts.get(kind);
    if (counts !== undefined) counts[what] += number;
  }

  countOf(kind: ItemKind, what: keyof Counts): number {
    return this.counts.get(kind)?.[what] ?? 0;
  }

  /** An item that did not come. `name`: the client identifier of its application. */
  leaveOut(kind: ItemKind, reason: string, explanation: string, name?: string): void {
    const counts = this.counts.get(kind);
    if (counts !== undefined) counts.left_out += 1;
    this.leftOut.add(kind, reason, explanation, name);
  }

  /** An item that came, but is not as it was. */
  differ(kind: ItemKind, reason: string, explanation: string, name?: string): void {
    this.differences.add(kind, reason, explanation, name);
  }

  result(dryRun: boolean, interrupted: boolean): DjangoImportReport {
    return {
      dry_run: dryRun,
      interrupted,
      counts: Object.fromEntries(this.counts) as unknown as Record<ItemKind, Counts>,
      left_out: this.leftOut.list(),
      differences: this.differences.list(),
    };
  }
}
