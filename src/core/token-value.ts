import { randomBytes } from 'node:crypto';

/** Random bytes, passed in where a value is generated, so that tests can fix it. */
export type RandomBytes = (size: number) => Buffer;

/** The system's cryptographically secure source. */
export const systemRandomBytes: RandomBytes = (size) => randomBytes(size);

/** A token, code or secret: 256 random bits as 43 base64url characters (RFC 6749 §10.10 asks for 128). */
export function generateTokenValue(random: RandomBytes = systemRandomBytes): string {
  return random(32).toString('base64url');
}

/** A client identifier: 128 random bits as 22 base64url characters. It is public, and only has to be unique. */
export function generateClientId(random: RandomBytes = systemRandomBytes): string {
  return random(16).toString('base64url');
}

/** `b64token` of RFC 6750 §2.1. */
const B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** The longest token that is examined; JWTs with many claims are much shorter. */
export const MAXIMUM_TOKEN_LENGTH = 8192;

/** Whether a string has the form of a bearer token (RFC 6750 §2.1) and a plausible length. */
export function isTokenValue(value: string): boolean {
  return value.length <= MAXIMUM_TOKEN_LENGTH && B64TOKEN.test(value);
}
