import type { Invalidation } from './token-cache.js';

/** What one message tells: an invalidation, and further token keys that it covers. */
export interface InvalidationMessage {
  readonly invalidation: Invalidation;
  readonly keys: readonly string[];
}

/** SHA-256 as base64url. */
const TOKEN_KEY = /^[A-Za-z0-9_-]{43}$/;

/** Keys per message, so that no message grows past some kilobytes. */
const KEYS_PER_MESSAGE = 100;

const EVERYTHING: InvalidationMessage = { invalidation: { kind: 'everything' }, keys: [] };

/**
 * The messages for an invalidation: `t:<key>,<key>…`, `u:<user id>`, `a:<client identifier>`, or `*` for everything.
 * Entries of a user or an application are found by its id in every process, so their keys are not sent.
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

/** Reads a message. What cannot be read means everything: forgetting too much is only slow, too little is not safe. */
export function parseInvalidationMessage(message: string): InvalidationMessage {
  const rest = message.slice(2);
  if (rest === '') return EVERYTHING;
  switch (message.slice(0, 2)) {
    case 't:': {
      const keys = rest.split(',');
      const [key] = keys;
      if (key === undefined || !keys.every((each) => TOKEN_KEY.test(each))) return EVERYTHING;
      return { invalidation: { kind: 'token', key }, keys };
    }
    case 'u:':
      return { invalidation: { kind: 'user', userId: rest }, keys: [] };
    case 'a:':
      return { invalidation: { kind: 'application', clientId: rest }, keys: [] };
    default:
      return EVERYTHING;
  }
}
