/** Real answers have a few levels. Deeper nesting could overflow the stack when the value is serialized again. */
const DEEPEST = 32;

/**
 * Parses a JSON text that every parser must understand in the same way. Of a duplicate member of an object some parsers
 * keep the first and others the last (RFC 8259 §4), so such a text is refused.
 *
 * @throws SyntaxError if it is not JSON, contains a duplicate member, or is nested deeper than 32 levels
 */
export function parseUnambiguous(json: string): unknown {
  const value: unknown = JSON.parse(json);
  checkMembers(json);
  return value;
}

/** @param json a text that `JSON.parse` accepts */
function checkMembers(json: string): void {
  /** The open containers: the member names so far for an object, `undefined` for a list. */
  const open: (Set<string> | undefined)[] = [];
  let isBeforeName = false;
  for (let at = 0; at < json.length; at += 1) {
    switch (json[at]) {
      case '{':
        open.push(new Set());
        isBeforeName = true;
        break;
      case '[':
        open.push(undefined);
        isBeforeName = false;
        break;
      case '}':
      case ']':
        open.pop();
        isBeforeName = false;
        break;
      case ',':
        isBeforeName = open.at(-1) !== undefined;
        break;
      case '"': {
        const end = endOfText(json, at);
        if (isBeforeName) addName(open.at(-1), json.slice(at, end));
        isBeforeName = false;
        at = end - 1;
      }
    }
    if (open.length > DEEPEST) throw new SyntaxError(`it is nested deeper than ${DEEPEST} levels`);
  }
}

/** The index after the closing quote of a string. */
function endOfText(json: string, start: number): number {
  let at = start + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** One name can be written in several ways: `"\u0061ctive"` is `"active"`. */
function addName(names: Set<string> | undefined, written: string): void {
  const name = written.includes('\\') ? (JSON.parse(written) as string) : written.slice(1, -1);
  if (names?.has(name)) throw new SyntaxError('it contains a duplicate member');
  names?.add(name);
}
