export interface ChosenRow {
  readonly mode: string;
  readonly contender: string;
}

export function rowsOf(choice: { readonly modes: readonly string[]; readonly only: readonly string[] }): ChosenRow[];
export function groupsOf(
  rows: readonly ChosenRow[],
  size: number,
): { readonly mode: string; readonly contenders: readonly string[] }[];
export function statusesOf(
  mode: { readonly statuses: readonly number[]; readonly also?: Readonly<Record<string, readonly number[]>> },
  contender: string,
): number[];
