/** The parts of Structured Field Values (RFC 9651) that the package writes. */

/** The characters that a String may hold (RFC 9651 §3.3.3): printable ASCII. */
const STRING = /^[\x20-\x7e]*$/;

/** The largest Integer (RFC 9651 §3.3.1): fifteen digits. */
export const MAXIMUM_INTEGER = 999_999_999_999_999;

/**
 * Writes a String (RFC 9651 §4.1.6), with quotes and backslashes escaped.
 *
 * @throws RangeError if it contains other characters than printable ASCII
 */
export function structuredString(value: string): string {
  if (!STRING.test(value)) throw new RangeError('A structured field string holds only printable ASCII.');
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}

/**
 * Writes an Integer (RFC 9651 §4.1.4).
 *
 * @throws RangeError if it is not a whole number, or too large
 */
export function structuredInteger(value: number): string {
  if (!Number.isInteger(value) || Math.abs(value) > MAXIMUM_INTEGER) {
    throw new RangeError('A structured field integer is a whole number of at most 15 digits.');
  }
  return String(value);
}
