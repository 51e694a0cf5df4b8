import { nearest } from './nearest.js';

/** Stands in place of text that may be secret. */
export const MASK = '***';

/**
 * Which values a message may show. Each member permits only values that cannot be secret, because they belong to a
 * small set; of all others, only the kind is named.
 */
export interface Shows {
  /** Numbers are shown, because the option is a number. */
  readonly number?: boolean;
  /** Text that equals one of these, or is a misspelling of one. */
  readonly near?: readonly string[];
  /** Text that looks like a rate, such as `5/month`. */
  readonly rate?: boolean;
  /** Text that consists of words, like names that people choose. */
  readonly name?: boolean;
  /** The option is a secret: not even short text or a number is shown. */
  readonly secret?: boolean;
}

/**
 * Describes a value without revealing it. Text, the members of an object, and the results of `toString`, `toJSON` and
 * getters are not used, so that no message reveals a secret that was passed by mistake.
 */
export function describeValue(value: unknown, shows: Shows = {}): string {
  if (shows.secret === true) {
    if (typeof value === 'string') return value === '' ? '""' : 'a string';
    if (typeof value === 'number') return 'a number';
  }
  switch (typeof value) {
    case 'undefined':
    case 'boolean':
      return String(value);
    case 'number':
      return shows.number === true || !(Math.abs(value) >= 1000) || !Number.isFinite(value)
        ? String(value)
        : 'a number';
    case 'bigint':
      return 'a BigInt';
    case 'symbol':
      return 'a symbol';
    case 'function':
      return 'a function';
    case 'string':
      return describeText(value, shows);
    default:
      return value === null ? 'null' : describeObject(value as object);
  }
}

const KNOWN_SCHEME =
  /^(mysql2?|mariadb|postgres|postgresql|pg|rediss?|https?|wss?|sqlite3?|file|oracle|mssql|sqlserver|mongodb|data|urn):/i;
/** Such as `1h`, and without digits `yes` or `/api`. Longer text may be a password, and four digits may be a PIN. */
const SHORT_TEXT = /^(?:[^\p{Cc}]{0,3}|[^\d\p{Cc}]{4})$/u;

function describeText(text: string, { near, rate, name }: Shows): string {
  if (SHORT_TEXT.test(text)) return JSON.stringify(text);
  if (text.trim() === '') return 'a string of spaces';
  if (near !== undefined && near.length > 0 && isShownName(text, near)) return JSON.stringify(text);
  if (name === true && isShownName(text, [])) return JSON.stringify(text);
  if (rate === true && isRateLike(text)) return JSON.stringify(text);
  const scheme = KNOWN_SCHEME.exec(text)?.[1];
  return scheme === undefined ? 'a string' : `a URL of the scheme ${scheme.toLowerCase()}`;
}

const RATE_LIKE = /^\d{1,18}\/\d{0,6}([A-Za-z]{0,12})$/;
const PERIOD =
  /^(ms|millis|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?|fortnights?|mo|months?|y|yrs?|years?)?$/i;

function isRateLike(text: string): boolean {
  const period = RATE_LIKE.exec(text)?.[1];
  return period !== undefined && PERIOD.test(period);
}

function describeObject(value: object): string {
  try {
    if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return 'bytes';
    for (const [kind, name] of KINDS) if (value instanceof kind) return name;
  } catch {
    // A proxy that cannot be inspected.
  }
  return 'an object';
}

const KINDS: readonly (readonly [Function, string])[] = [
  [Map, 'a Map'],
  [Set, 'a Set'],
  [Date, 'a Date'],
  [RegExp, 'a regular expression'],
  [Promise, 'a promise'],
  [Error, 'an error'],
  [URL, 'a URL object'],
];

/** Words as people use them in names: `maxEntries`, `books:read`, `per-minute`. Generated text hardly ever matches. */
const WORD = String.raw`[A-Za-z]?[a-z]+(?:[A-Z][a-z]{2,})*\d?`;
const NAME = new RegExp(`^${WORD}(?:[._:-]${WORD})*$`);
const LONGEST_NAME = 48;

/** A name that the host chose (a key of an object), as far as a message may show it. */
export function describeName(name: string, known: readonly string[] = []): string {
  return isShownName(name, known) ? name : MASK;
}

/** A mistyped name resembles a known one; a name of the host's own has to consist of words. */
function isShownName(name: string, known: readonly string[]): boolean {
  if (name.length > LONGEST_NAME) return false;
  return known.length === 0 ? NAME.test(name) : nearest(name, known) !== undefined;
}

/** The target of a URL, for an operator: scheme, host and port, but never a user, a password, a path or a parameter. */
export function describeUrl(url: string): string {
  if (!KNOWN_SCHEME.test(url) || !URL.canParse(url)) return describeText(url, {});
  const { protocol, host } = new URL(url);
  // An unescaped `/`, `?` or `#` in a password ends the authority early, so that part of the password looks like the
  // host.
  const at = url.indexOf('@');
  const authority = /^[^:]+:\/\/([^/?#\\]*)/.exec(url)?.[1];
  if (authority === undefined || host === '') return `${protocol}${MASK}`;
  if (at >= 0 && (authority.indexOf('@') < 0 || url.lastIndexOf('@') !== at)) return `${protocol}//${MASK}`;
  return `${protocol}//${host}`;
}

/** A file path, if its extension identifies it; otherwise it may be a secret. */
export function describePath(path: string, extension: RegExp): string {
  return extension.test(path) && !/[@?:]/.test(path.replace(/^[A-Za-z]:\\/, '')) ? path : 'a string';
}

/** `scheme://user:password@` anywhere in a text; the password itself may contain `@`, `/`, `:` or spaces. */
const CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)[^"\r\n]*@/gi;
/** `?password=…` and similar parameters, anywhere in a text. */
const PARAMETERS = /([?&;][a-z_-]*(?:pass|pwd|auth|token|secret|key)[a-z_-]*=)[^\s&#"]*/gi;

/** Hides the credentials and the secret parameters of all URLs in a text. */
export function maskUrls(text: string): string {
  return text.replace(CREDENTIALS, `$1${MASK}@`).replace(PARAMETERS, `$1${MASK}`);
}

/**
 * Removes from a foreign text (an error of a driver or a parser) every string that the values contain, as written and
 * decoded. Getters are not called.
 */
export function withoutValues(text: string, ...values: readonly unknown[]): string {
  const texts = new Set<string>();
  for (const value of values) collect(value, texts, new Set(), 0);
  return withoutTexts(text, texts);
}

/** Shorter strings stay: removing every `a` would destroy the message without hiding the secret. */
const SHORTEST = 4;

/** Removes known secrets from a text. */
export function withoutTexts(text: string, secrets: Iterable<string>): string {
  return withoutEach(maskUrls(text), secrets, SHORTEST);
}

/** Masks the secrets in a text, the longest first, and nothing else; those of less than `shortest` characters stay. */
export function withoutEach(text: string, secrets: Iterable<string>, shortest: number): string {
  return [...new Set(secrets)]
    .filter(({ length }) => length >= shortest)
    .sort((left, right) => right.length - left.length)
    .reduce((result, secret) => result.replaceAll(secret, MASK), text);
}

const DEEPEST = 8;

function collect(value: unknown, texts: Set<string>, seen: Set<object>, depth: number): void {
  if (typeof value === 'string') {
    texts.add(value);
    for (const part of secretsOf(value)) texts.add(part);
    return;
  }
  if (typeof value === 'number' || typeof value === 'bigint') {
    texts.add(String(value));
    return;
  }
  if (typeof value !== 'object' || value === null || seen.has(value) || depth > DEEPEST) return;
  seen.add(value);
  try {
    if (value instanceof Map || value instanceof Set) {
      for (const entry of value) collect(entry, texts, seen, depth + 1);
      return;
    }
    for (const property of Object.values(Object.getOwnPropertyDescriptors(value))) {
      if ('value' in property) collect(property.value, texts, seen, depth + 1);
    }
  } catch {
    // What cannot be inspected cannot have been repeated.
  }
}

/**
 * The secrets in a URL, as written and decoded.
 *
 * Matched by pattern rather than parsed with `URL`, so that malformed URLs are covered too.
 */
export function secretsOf(url: string): string[] {
  const userinfo = /^[a-z][a-z0-9+.-]*:(?:\/\/)?(.*)@/is.exec(url)?.[1];
  // There may be no user name, as is usual with Redis; the colon may also belong to the password.
  const colon = userinfo?.indexOf(':') ?? -1;
  const credentials = userinfo === undefined ? [] : [userinfo, userinfo.slice(colon + 1)];
  const parameters = [...url.matchAll(PARAMETERS)].map((match) => match[0].slice(match[1]?.length ?? 0));
  return [...credentials, ...parameters].flatMap((secret) => [secret, decoded(secret)]);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
