import type { Kinds, Row } from './rows.js';

/** The Lua name of a value: `windowMilliseconds` is `window_milliseconds`. */
function luaName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function place(start: string | number, position: number): string {
  if (typeof start === 'number') return String(start + position);
  return position === 0 ? start : `${start} + ${position}`;
}

/**
 * Reads arguments into locals of the same names: `local limit, need = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 3])`.
 *
 * @param start where the row begins in ARGV, which counts from 1
 * @param only the values that are read; by default all
 */
export function argumentLocals<K extends Kinds>(
  { kinds, names, at }: Row<K>,
  start: string | number,
  only: readonly (keyof K & string)[] = names,
): string {
  const read = only.map((name) => {
    const argument = `ARGV[${place(start, at[name])}]`;
    if (kinds[name] === 'flag') return `${argument} == '1'`;
    return kinds[name] === 'text' ? argument : `tonumber(${argument})`;
  });
  return `local ${only.map(luaName).join(', ')} = ${read.join(', ')}`;
}

/** Reads the numbers of a table into locals of the same names. */
export function numberLocals<K extends Kinds>({ names, at }: Row<K>, table: string, start: string): string {
  const read = names.map((name) => `${table}[${place(start, at[name])}]`);
  return `local ${names.map(luaName).join(', ')} = ${read.join(', ')}`;
}

/** Assigns all values of a row in a table: `answer[put], answer[put + 1] = fits, left`. */
export function assignRow<K extends Kinds>(
  { names, at }: Row<K>,
  table: string,
  start: string,
  values: Readonly<Record<keyof K, string>>,
): string {
  const targets = names.map((name) => `${table}[${place(start, at[name])}]`);
  return `${targets.join(', ')} = ${names.map((name) => values[name]).join(', ')}`;
}

/** A table of a row's values, or of the first of them: `{generation, now, 0}`. */
export function tableOf<K extends Kinds>(
  { names }: Row<K>,
  values: Readonly<Partial<Record<keyof K, string>>>,
): string {
  const given = names.filter((name) => values[name] !== undefined);
  if (given.some((name, index) => name !== names[index])) throw new Error('A table of a row has no gaps.');
  return `{${given.map((name) => values[name]).join(', ')}}`;
}

/**
 * Constants for the positions of a row: `local CLAIMED_FITS, CLAIMED_AVAILABLE = 0, 1`.
 *
 * @param first 1 where the row is a table of its own, 0 where it begins somewhere in a table
 */
export function positionConstants<K extends Kinds>(prefix: string, { names, at }: Row<K>, first: 0 | 1): string {
  const constants = names.map((name) => `${prefix}_${luaName(name).toUpperCase()}`);
  return `local ${constants.join(', ')} = ${names.map((name) => at[name] + first).join(', ')}`;
}

/** Constants for codes: `local GRANTED, TOO_LATE = 1, -1`. */
export function codeConstants(codes: Readonly<Record<string, number>>): string {
  const names = Object.keys(codes).map((name) => luaName(name).toUpperCase());
  return `local ${names.join(', ')} = ${Object.values(codes).join(', ')}`;
}

/** Where the row of item `i` begins in a Lua table that has a head; `i` counts from 1. */
export function luaRowStart(head: { readonly length: number }, item: { readonly length: number }, i = 'i'): string {
  return `${head.length + 1} + (${i} - 1) * ${item.length}`;
}
