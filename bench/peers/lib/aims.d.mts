import type { Row } from './summary.mjs';

export interface DecidedAim {
  readonly what: string;
  readonly target: string;
  /** The rows that it depends on, as `mode/contender`. */
  readonly needs: readonly string[];
  readonly value?: number;
  readonly beside?: string;
  readonly reached: boolean;
}

export function rowsOfAims(): { readonly mode: string; readonly contender: string }[];
export function decideAims(rows: readonly Partial<Row>[]): DecidedAim[];
