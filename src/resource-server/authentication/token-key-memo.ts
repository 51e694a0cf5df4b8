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

/** A token that came by an `Authorization` field; remembered with its connection until another one comes. */
export function tokenOfField(socket: Socket, header: string, token: string): KeyedToken | undefined {
  const remembered = rememberedToken(socket, header);
  if (remembered !== undefined) return remembered;
  const keyed = keyedToken(token);
  if (keyed === undefined) return undefined;
  const memo = (socket as RememberingSocket)[MEMO];
  if (memo === undefined) (socket as RememberingSocket)[MEMO] = { header, ...keyed };
  else Object.assign(memo, { header, ...keyed });
  return keyed;
}

/** A token with its cache key, or `undefined` if it has not the form of one (RFC 6750 §2.1). */
export function keyedToken(token: string): KeyedToken | undefined {
  return isTokenValue(token) ? { token, key: sha256Key(token) } : undefined;
}
