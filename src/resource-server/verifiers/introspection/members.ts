import { isScopeName, parseScope } from '../../../core/scopes.js';

/** A member of an answer violates its specification. The message names the member, but does not contain its value. */
export class MemberError extends Error {
  override readonly name = 'MemberError';
}

/** The end of the year 9999. Later values are not times, but would be taken for some. */
const LAST_SECOND = 253_402_300_799;

/** Identifiers are shorter; a principal is a key of caches and throttles. */
const LONGEST_NAME = 1_024;

/** The members of a JSON object, each checked for its type; a missing one is `undefined`. */
export class Members {
  constructor(private readonly object: Readonly<Record<string, unknown>>) {}

  private read(name: string): unknown {
    return Object.hasOwn(this.object, name) ? this.object[name] : undefined;
  }

  has(name: string): boolean {
    return this.read(name) !== undefined;
  }

  /** @throws MemberError unless it is a non-empty string of one line */
  text(name: string): string | undefined {
    const value = this.read(name);
    if (value === undefined) return undefined;
    // Control characters do not occur in identifiers, and would break lines of the log or header fields.
    if (typeof value !== 'string' || value === '' || value.length > LONGEST_NAME || /\p{Cc}|\p{Cs}/u.test(value)) {
      throw new MemberError(`${name} is not a string of 1 to ${LONGEST_NAME} printable characters`);
    }
    return value;
  }

  /** @throws MemberError unless it is a time in seconds since the Unix epoch (`NumericDate` of RFC 7519 §2) */
  seconds(name: string): number | undefined {
    const value = this.read(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !(value >= 0 && value <= LAST_SECOND)) {
      throw new MemberError(`${name} is not a time in seconds since 1970`);
    }
    return value;
  }

  /** @throws MemberError unless it is a `scope` value (RFC 6749 §3.3), which may be empty */
  scope(name: string): string[] {
    const value = this.read(name);
    if (value === undefined) return [];
    const names = typeof value === 'string' ? parseScope(value) : undefined;
    if (names === undefined || !names.every(isScopeName)) {
      throw new MemberError(`${name} is not a space-separated list of scope names`);
    }
    return names;
  }

  /** @throws MemberError unless it is a string or a list of strings */
  texts(name: string): string[] | undefined {
    const value = this.read(name);
    if (value === undefined) return undefined;
    return typeof value === 'string' ? [value] : this.list(name);
  }

  /** @throws MemberError unless it is a list of strings */
  list(name: string): string[] | undefined {
    const value = this.read(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) {
      throw new MemberError(`${name} is not a list of strings`);
    }
    return value;
  }
}
