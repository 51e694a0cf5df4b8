import fc, { type Arbitrary } from 'fast-check';
import type { DatabaseKind } from '../services.js';
import { hostile, nearly } from './texts.js';

/** The values of a row, by column. */
export type Row = Readonly<Record<string, unknown>>;

/** What a column takes, and so what can be written there by hand. */
export interface Column {
  readonly takes: 'text' | 'number' | 'flag' | 'bytes' | 'reference';
  readonly values: Arbitrary<unknown>;
  /** In characters; of a text column without it, more than is ever written. */
  readonly width?: number;
  readonly nullable?: boolean;
}

export type Columns = Readonly<Record<string, Column>>;

export const NOW = Date.now();

const time = fc.oneof(
  fc.integer({ min: NOW - 5_000_000, max: NOW + 5_000_000 }),
  fc.constantFrom(0, -1, NOW * 1000, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
);
const seconds = fc.oneof(
  fc.constantFrom(0, -1, 1, 60, 3600, 315_360_000, 2_147_483_647, -2_147_483_648),
  fc.nat(1_000),
);

/** A column of text: what it is meant for, changed or not, or what nobody meant. */
export function textColumn(good: readonly string[], more: Omit<Column, 'takes' | 'values'> = {}): Column {
  return {
    takes: 'text',
    values: fc.oneof({ weight: 3, arbitrary: nearly(fc.constantFrom(...good)) }, hostile),
    ...more,
  };
}

/** A column of JSON, which the database knows as text. */
export function jsonColumn(good: readonly string[], odd: readonly string[]): Column {
  const values = fc.oneof(
    { weight: 3, arbitrary: nearly(fc.constantFrom(...good)) },
    { weight: 3, arbitrary: fc.constantFrom('{}', '[]', '"x"', '1', 'null', ...odd) },
    { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) },
  );
  return { takes: 'text', values, nullable: true };
}

/** A column of times, in milliseconds since the Unix epoch. */
export function timeColumn(nullable = false): Column {
  return { takes: 'number', values: time, nullable };
}

/** A column of seconds. */
export const secondsColumn: Column = { takes: 'number', values: seconds, nullable: true };

export const flagColumn: Column = { takes: 'flag', values: fc.constantFrom(0, 1) };

/** A column of bytes. */
export function bytesColumn(good: readonly Buffer[], width: number, nullable = false): Column {
  const any = fc.uint8Array({ maxLength: width }).map((bytes) => Buffer.from(bytes));
  return { takes: 'bytes', values: fc.oneof(any, fc.constantFrom(...good)), nullable };
}

/** A column that refers to a row of another table: the database refuses what is in none. */
export function referenceColumn(ids: () => readonly number[], nullable: boolean): Column {
  const values = fc.nat(100).map((index) => ids()[index % ids().length]);
  return { takes: 'reference', values, nullable };
}

/** In SQLite a column holds values of every type, whatever it was declared as; NaN is NULL there, which some refuse. */
const ofAnyType = fc.oneof(
  hostile,
  fc.double({ noNaN: true }),
  fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300, 0.5, 2, -1),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  // Bytes that say what a text or a number would.
  fc.constantFrom('{}', '0', '1', '9999999999999', 'read', 'alice', 'confidential').map((text) => Buffer.from(text)),
  // A text where bytes belong, of the same length.
  fc.constant('x'.repeat(32)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);

/** Rows of a database in which some columns were overwritten: with anything in SQLite, elsewhere with what the column takes. */
export function rowsOf(kind: DatabaseKind, columns: Columns): Arbitrary<Row> {
  const change = Object.entries(columns).map(([name, column]) =>
    writtenTo(kind, column).map((value): readonly [string, unknown] => [name, value]),
  );
  return fc.array(fc.oneof(...change), { maxLength: 3 }).map((changes) => Object.fromEntries(changes));
}

function writtenTo(kind: DatabaseKind, { takes, values, width = 9_000, nullable = false }: Column): Arbitrary<unknown> {
  const stored = takes === 'text' ? values.map((text) => storable(kind, String(text), width)) : values;
  const ofItsType = takes === 'flag' && kind === 'postgres' ? stored.map((flag) => flag === 1) : stored;
  const orNothing = nullable ? fc.oneof({ weight: 6, arbitrary: ofItsType }, fc.constant(null)) : ofItsType;
  if (kind !== 'sqlite' || takes === 'reference') return orNothing;
  return fc.oneof({ weight: 3, arbitrary: orNothing }, { weight: 1, arbitrary: ofAnyType });
}

/** What the servers themselves refuse to store is no row: half a character, too many of them, NUL in PostgreSQL. */
function storable(kind: DatabaseKind, text: string, width: number): string {
  if (kind === 'sqlite') return text;
  const whole = Buffer.from(kind === 'postgres' ? text.replaceAll('\0', '') : text).toString();
  // Not in the middle of a character.
  return [...whole].slice(0, width).join('');
}
