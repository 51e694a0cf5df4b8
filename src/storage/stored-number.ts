/**
 * What a driver returns for a number: some return a large one as a text, to keep all digits. Anything else that is in the
 * column, such as bytes that have the form of digits, is none (NaN).
 */
export function storedNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
}
