import { describeValue } from '../core/options/index.js';

/** The width of the columns that hold ids of users. */
const MAXIMUM_USER_ID_LENGTH = 255;

/**
 * A user's id as it is stored and compared: a string. A number would make MySQL compare as numbers, where `5` equals
 * `5abc`; an overlong one would be cut off where the server is not strict, and then be another user's.
 *
 * @throws TypeError if it is not a string of 1 to 255 characters without NUL; `where` names the argument
 */
export function requireUserId(value: unknown, where = 'userId'): string {
  if (typeof value !== 'string' || value === '' || value.length > MAXIMUM_USER_ID_LENGTH || value.includes('\0')) {
    throw new TypeError(
      `${where} is ${describeValue(value, { number: true })}; use a string of 1 to ${MAXIMUM_USER_ID_LENGTH} characters.`,
    );
  }
  return value;
}

/**
 * A text that goes into a statement. What came from a parsed body or query may be a list or an object where a text was
 * meant, and some drivers write those into statements as several values or as assignments.
 *
 * @throws TypeError if it is none; `where` names the argument
 */
export function requireText(value: unknown, where: string): string {
  if (typeof value !== 'string') throw new TypeError(`${where} is of the type ${typeof value}; use a string.`);
  return value;
}

/**
 * A digest as it is stored: 32 bytes.
 *
 * @throws TypeError if it is anything else, so that a token in the clear can never reach a query
 */
export function requireDigest(value: unknown, where = 'tokenHash'): Buffer {
  if (!Buffer.isBuffer(value) || value.length !== 32) {
    throw new TypeError(`${where} is not a SHA-256 digest; pass the 32 bytes of sha256(token).`);
  }
  return value;
}
