import { describeValue } from '../core/options/index.js';

/** The width of the columns for user ids. */
const MAXIMUM_USER_ID_LENGTH = 255;

/** Whether a value can be the id of a user: a string of 1 to 255 characters without NUL. */
export function isUserId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAXIMUM_USER_ID_LENGTH && !value.includes('\0');
}

/**
 * Checks the id of a user: a string. With a number, MySQL would compare numerically, where `5` equals `5abc`; a string
 * that is too long would be truncated by a server that is not strict, and then identify another user.
 *
 * @throws TypeError if it is not a string of 1 to 255 characters without NUL; `where` names the argument
 */
export function requireUserId(value: unknown, where = 'userId'): string {
  if (!isUserId(value)) {
    throw new TypeError(
      `${where} is ${describeValue(value, { number: true })}; use a string of 1 to ${MAXIMUM_USER_ID_LENGTH} characters.`,
    );
  }
  return value;
}

/**
 * Checks a string that goes into a statement. Values of a parsed body or query may be lists or objects, which some
 * drivers write into statements as several values or as assignments.
 *
 * @throws TypeError if it is not a string; `where` names the argument
 */
export function requireText(value: unknown, where: string): string {
  if (typeof value !== 'string') throw new TypeError(`${where} is of the type ${typeof value}; use a string.`);
  return value;
}

/**
 * Checks a digest as it is stored: 32 bytes.
 *
 * @throws TypeError if it is anything else, so that a plain token can never reach a query
 */
export function requireDigest(value: unknown, where = 'tokenHash'): Buffer {
  if (!Buffer.isBuffer(value) || value.length !== 32) {
    throw new TypeError(`${where} is not a SHA-256 digest; pass the 32 bytes of sha256(token).`);
  }
  return value;
}
