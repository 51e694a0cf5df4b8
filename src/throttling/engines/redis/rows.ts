/** How a value is transferred: as a number, as a flag (1 or 0) or as text. */
export type Kind = 'number' | 'flag' | 'text';
export type Kinds = Readonly<Record<string, Kind>>;

/** The values of a row by their names. */
export type ValuesOf<K extends Kinds> = {
  readonly [Name in keyof K]: { readonly number: number; readonly flag: boolean; readonly text: string }[K[Name]];
};

/** Named values at consecutive positions in arguments, answers and stored states. */
export interface Row<K extends Kinds> {
  readonly kinds: K;
  /** In their order. */
  readonly names: readonly (keyof K & string)[];
  readonly length: number;
  /** The position of each value in the row, from 0. */
  readonly at: { readonly [Name in keyof K]: number };
}

/** Makes a row of values in the order in which they are named. */
export function row<const K extends Kinds>(kinds: K): Row<K> {
  const names = Object.keys(kinds);
  const at = Object.fromEntries(names.map((name, position) => [name, position])) as Record<keyof K, number>;
  return Object.freeze({ kinds, names, length: names.length, at: Object.freeze(at) });
}

/** Appends the values of a row to the arguments of a call. */
export function appendRow<K extends Kinds>(to: (string | number)[], { names }: Row<K>, values: ValuesOf<K>): void {
  for (const name of names) {
    const value: number | boolean | string = values[name];
    to.push(typeof value === 'boolean' ? Number(value) : value);
  }
}

/** Where the row of an item begins in a list that has a head: `index` counts the items from 0. */
export function rowStart(head: { readonly length: number }, item: { readonly length: number }, index: number): number {
  return head.length + index * item.length;
}
