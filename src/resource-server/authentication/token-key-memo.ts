import type { Socket } from 'node:net';
import { sha256Key } from '../../core/digest.js';
import { isTokenValue } from '../../core/token-value.js';

const MEMO = Symbol('routing-controllers-oauth2.token-key');

interface Memo {
  token: string;
  key: string;
}

/**
 * The cache key of a token (its SHA-256), or `undefined` if it has not the form of one (RFC 6750 §2.1). A client that
 * keeps its connection alive sends the same token again, and the digest is the dearest step of a warm request, so the
 * last one is remembered with the connection, for as long as that lasts.
 */
export function tokenKey(socket: Socket, token: string): string | undefined {
  const memo = (socket as { [MEMO]?: Memo })[MEMO];
  if (memo !== undefined && memo.token === token) return memo.key;
  if (!isTokenValue(token)) return undefined;
  const key = sha256Key(token);
  if (memo === undefined) (socket as { [MEMO]?: Memo })[MEMO] = { token, key };
  else {
    memo.token = token;
    memo.key = key;
  }
  return key;
}
