/** Honest answers are some levels deep. What is deeper may end the stack of whoever writes it again. */
const DEEPEST = 32;

/**
 * Reads a JSON text that must say one thing to all who read it. Of a member that stands twice in an object some parsers
 * keep the first and some the last (RFC 8259 §4), so such a text is refused.
 *
 * @throws SyntaxError if it is no JSON, says a member twice, or is nested deeper than 32 levels
 */
export function parseUnambiguous(json: string): unknown {
  const value: unknown = JSON.parse(json);
  checkMembers(json);
  return value;
}

/** @param json a text that `JSON.parse` accepts */
function checkMembers(json: string): void {
  /** What is open: the names in it so far for an object, `undefined` for a list. */
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

/** Where a text ends that begins at a quote: behind its last quote. */
function endOfText(json: string, start: number): number {
  let at = start + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** One name can be written in several ways: `"\u0061ctive"` is `"active"`. */
function addName(names: Set<string> | undefined, written: string): void {
  const name = written.includes('\\') ? (JSON.parse(written) as string) : written.slice(1, -1);
  if (names?.has(name)) throw new SyntaxError('it says a member twice');
  names?.add(name);
}
