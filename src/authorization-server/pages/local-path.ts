/** A base for resolving relative URLs. The host does not exist (RFC 6761 §6.4). */
const NOWHERE = 'http://nowhere.invalid';

/**
 * A path of this server with its query, ready for a redirect; `undefined` if the text leads or might lead elsewhere:
 * another scheme or host, `//host`, backslashes, control characters.
 */
export function localPath(text: string): string | undefined {
  if (text.length > 2048 || !/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(text)) return undefined;
  if (!URL.canParse(text, NOWHERE)) return undefined;
  const url = new URL(text, NOWHERE);
  if (url.origin !== NOWHERE) return undefined;
  const path = `${url.pathname}${url.search}`;
  // `/.//host` resolves to `//host`, which a browser would interpret as another host.
  return path.startsWith('//') ? undefined : path;
}
