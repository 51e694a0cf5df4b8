/** One challenge of `WWW-Authenticate` (RFC 9110 §11.6.1). */
export interface Challenge {
  /** The scheme, e.g. `Bearer`. */
  readonly scheme: string;
  /** Its parameters by their names in lower case: `realm`, `error`, `scope`, … */
  readonly parameters: Readonly<Record<string, string>>;
}

/** A parameter (RFC 9110 §11.2), or the scheme that begins the next challenge. */
const PART = /([!#$%&'*+.^_`|~\w-]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?[\s,]*/gy;

/** Reads the challenges of a field value; `undefined` if it is not in order. */
export function readChallenges(field: string): Challenge[] | undefined {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  PART.lastIndex = 0;
  for (let end = 0; end < field.length; end = PART.lastIndex) {
    const [, name, quoted, bare] = PART.exec(field) ?? [];
    if (name === undefined) return undefined;
    const value = quoted?.replace(/\\(.)/g, '$1') ?? bare;
    if (value === undefined) challenges.push({ scheme: name, parameters: {} });
    else if (challenges.length === 0) return undefined;
    else (challenges.at(-1) as { parameters: Record<string, string> }).parameters[name.toLowerCase()] = value;
  }
  return challenges;
}
