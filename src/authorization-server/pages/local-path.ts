/** Where no origin is asked for, one is still needed to resolve against. It exists nowhere (RFC 6761 §6.4). */
const NOWHERE = 'http://nowhere.invalid';

/**
 * A path of this server with its query, ready to redirect to, or `undefined` if the text leads or might lead anywhere
 * else: another scheme or host, `//host`, backslashes, control characters.
 */
export function localPath(text: string): string | undefined {
  if (text.length > 2048 || !/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(text)) return undefined;
  if (!URL.canParse(text, NOWHERE)) return undefined;
  const url = new URL(text, NOWHERE);
  if (url.origin !== NOWHERE) return undefined;
  const path = `${url.pathname}${url.search}`;
  // `/.//host` resolves to `//host`, which the next reader would take for another host.
  return path.startsWith('//') ? undefined : path;
}
