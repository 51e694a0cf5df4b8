import type { DecidedAim } from './aims.mjs';
import type { Row } from './summary.mjs';

export interface Report {
  readonly about: object;
  readonly rows: readonly Partial<Row>[];
  readonly aims?: readonly DecidedAim[];
  readonly startUp?: readonly { readonly label: string; readonly milliseconds: number }[];
  readonly memory?: readonly { readonly label: string; readonly bytes: number }[];
  readonly size?: readonly { readonly label: string; readonly packages: number; readonly bytes: number }[];
}

export function tables(report: Report, depth?: number): string;
