/** Numbers of a slice, or medians of several. */
export type Figures = Readonly<Record<string, number>>;

export interface Round {
  readonly ours: Figures;
  readonly theirs: Figures;
  readonly own?: Figures | undefined;
}

export interface Summary {
  readonly ratio: number;
  readonly lowQuartile: number;
  readonly highQuartile: number;
  readonly cpuRatio: number;
  readonly p99Ratio: number;
  readonly ownRatio?: number;
  readonly own?: Figures;
  readonly theirs: Figures;
  readonly ours: Figures;
  readonly ratios: readonly number[];
}

export interface Row extends Summary {
  readonly mode: string;
  readonly contender: string;
  readonly failed?: string;
}

export function quantile(values: readonly number[], share: number): number;
export function median(values: readonly number[]): number;
export function summaryOf(rounds: readonly Round[]): Summary;
export function figuresOf(slices: readonly Figures[]): Figures;
export function figuresOfBaseline(rows: readonly { readonly ours: Figures }[]): Figures;
