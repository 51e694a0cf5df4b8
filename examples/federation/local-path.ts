/** A base for resolving paths; the host does not exist (RFC 6761 §6.4). */
const NOWHERE = 'http://nowhere.invalid';

/** A path of this server, with its query; `undefined` if the text might lead to another one, such as `//host` or `/\host`. */
export function localPath(text: unknown): string | undefined {
  if (typeof text !== 'string' || !/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(text)) return undefined;
  if (!URL.canParse(text, NOWHERE)) return undefined;
  const { origin, pathname, search } = new URL(text, NOWHERE);
  // `/.//host` resolves to `//host`.
  return origin === NOWHERE && !pathname.startsWith('//') ? `${pathname}${search}` : undefined;
}
