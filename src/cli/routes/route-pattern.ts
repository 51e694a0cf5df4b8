/** A parameter that fills its part of a path: `:id`, `:id(\\d+)`. */
const PARAMETER = /^:\w+(?:\((.*)\))?$/;
/** Anything but the text of a path. */
const SPECIAL = /[:{}()*+?^$\\|[\]]/;

/** What makes a part of a path more than text and parameters. */
const MODIFIER = /[{}()*+?^$\\|[\]]/;
/** What a regular expression may match a slash with. */
const MAY_MATCH_SLASH = /\/|\[\^|\\[DWSxu]|(?<!\\)\./;

/**
 * A route without what does not matter to a router: the names of its parameters, case, a slash at the end. Regular expressions
 * stay as they are.
 */
export function patternOf(path: string): string {
  const pattern = /[()\\]/.test(path) ? path : path.toLowerCase().replace(/:\w+/g, ':');
  return pattern.length > 1 && pattern.endsWith('/') ? pattern.slice(0, -1) : pattern;
}

/** Whether a request may match both routes; `true` also where that is not known. */
export function mayOverlap(one: string, other: string): boolean {
  if (!one.startsWith('/') || !other.startsWith('/')) return true;
  const [left, right] = [partsOf(one), partsOf(other)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [a, b] = [left[index], right[index]];
    // Of what may stand for any number of parts, everything behind is open.
    if ((a !== undefined && isOpenEnded(a)) || (b !== undefined && isOpenEnded(b))) return true;
    if (a === undefined || b === undefined || !mayMatch(a, b)) return false;
  }
  return true;
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}

/** Whether it may match more or less than one part, or that is not known. */
function isOpenEnded(part: string): boolean {
  const parameter = PARAMETER.exec(part);
  if (parameter === null) return MODIFIER.test(part);
  return parameter[1] !== undefined && MAY_MATCH_SLASH.test(parameter[1]);
}

function mayMatch(one: string, other: string): boolean {
  if (!SPECIAL.test(one) && !SPECIAL.test(other)) return one.toLowerCase() === other.toLowerCase();
  if (SPECIAL.test(one) && SPECIAL.test(other)) return true;
  const [parameter, text] = SPECIAL.test(one) ? [one, other] : [other, one];
  const pattern = PARAMETER.exec(parameter)?.[1];
  if (pattern === undefined) return true;
  try {
    return new RegExp(`^(?:${pattern})$`, 'i').test(text);
  } catch {
    return true;
  }
}
