import type { Socket } from 'node:net';
import { sha256Key } from '../../core/digest.js';
import { isTokenValue } from '../../core/token-value.js';

const MEMO = Symbol('routing-controllers-oauth2.token-key');

/** A well-formed token and its cache key. */
export interface KeyedToken {
  readonly token: string;
  /** SHA-256 of the token, base64url. */
  readonly key: string;
}

/** Written anew when another token comes: one object for each connection. */
interface Memo extends KeyedToken {
  header: string;
  token: string;
  key: string;
}

type RememberingSocket = Socket & { [MEMO]?: Memo };

/**
 * What the last token of this connection was, if it came by this very `Authorization` field. A client that keeps its
 * connection alive sends the same token again, and reading and digesting it are the dearest steps of a warm request.
 */
export function rememberedToken(socket: Socket, header: string): KeyedToken | undefined {
  const memo = (socket as RememberingSocket)[MEMO];
  return memo !== undefined && memo.header === header ? memo : undefined;
}

/** Remembers a token with its connection, for as long as that lasts, or until another one comes. */
export function rememberToken(socket: Socket, header: string, { token, key }: KeyedToken): void {
  const memo = (socket as RememberingSocket)[MEMO];
  if (memo === undefined) {
    (socket as RememberingSocket)[MEMO] = { header, token, key };
    return;
  }
  memo.header = header;
  memo.token = token;
  memo.key = key;
}

/** The cache key of a token, or `undefined` if it has not the form of one (RFC 6750 §2.1). */
export function tokenKey(token: string): string | undefined {
  return isTokenValue(token) ? sha256Key(token) : undefined;
}
