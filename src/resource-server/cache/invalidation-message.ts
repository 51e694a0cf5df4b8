import type { Invalidation } from './token-cache.js';

/** The content of one message: an invalidation, and further token keys that it covers. */
export interface InvalidationMessage {
  readonly invalidation: Invalidation;
  readonly keys: readonly string[];
  /** The number of the mark that was set with it; `undefined` if it names single tokens. */
  readonly generation: number | undefined;
}

/** SHA-256 as base64url. */
const TOKEN_KEY = /^[A-Za-z0-9_-]{43}$/;

/** Limits a message to a few kilobytes. */
const KEYS_PER_MESSAGE = 100;

/** A message about a mark begins with the number of the mark. */
const GENERATION = /^(\d{1,16}) /;

/**
 * The messages for an invalidation: `t:<key>,<key>…`, `u:<user id>`, `a:<client identifier>`, or `*` for everything.
 * All but the first kind are published with the number of their mark in front.
 */
export function invalidationMessages(invalidation: Invalidation, keys: readonly string[]): string[] {
  switch (invalidation.kind) {
    case 'user':
      return [`u:${invalidation.userId}`];
    case 'application':
      return [`a:${invalidation.clientId}`];
    case 'everything':
      return ['*'];
    case 'token': {
      const all = [...new Set([invalidation.key, ...keys])];
      const messages: string[] = [];
      for (let start = 0; start < all.length; start += KEYS_PER_MESSAGE) {
        messages.push(`t:${all.slice(start, start + KEYS_PER_MESSAGE).join(',')}`);
      }
      return messages;
    }
  }
}

/** Splits a published message into the number of its mark, if any, and the signed text. */
export function splitMessage(message: string): { readonly generation: string; readonly signed: string } {
  const generation = GENERATION.exec(message)?.[0] ?? '';
  return { generation, signed: message.slice(generation.length) };
}

/** Parses a message; `undefined` if that is impossible, in which case it may have meant anything. */
export function parseInvalidationMessage(message: string): InvalidationMessage | undefined {
  const number = GENERATION.exec(message)?.[1];
  return number === undefined ? parseTokens(message) : parseMark(message.slice(number.length + 1), Number(number));
}

function parseTokens(message: string): InvalidationMessage | undefined {
  if (!message.startsWith('t:')) return undefined;
  const keys = message.slice(2).split(',');
  const [key] = keys;
  if (key === undefined || !keys.every((each) => TOKEN_KEY.test(each))) return undefined;
  return { invalidation: { kind: 'token', key }, keys, generation: undefined };
}

function parseMark(message: string, generation: number): InvalidationMessage | undefined {
  if (message === '*') return { invalidation: { kind: 'everything' }, keys: [], generation };
  const rest = message.slice(2);
  if (rest === '') return undefined;
  switch (message.slice(0, 2)) {
    case 'u:':
      return { invalidation: { kind: 'user', userId: rest }, keys: [], generation };
    case 'a:':
      return { invalidation: { kind: 'application', clientId: rest }, keys: [], generation };
    default:
      return undefined;
  }
}
