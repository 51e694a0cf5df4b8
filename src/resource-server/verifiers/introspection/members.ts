import { isScopeName, parseScope } from '../../../core/scopes.js';

/** A member of an answer is not what its specification says. The message names the member, and shows nothing of it. */
export class MemberError extends Error {
  override readonly name = 'MemberError';
}

/** The end of the year 9999. What lies behind it is no time, but would be taken for one. */
const LAST_SECOND = 253_402_300_799;

/** More than identifiers have; a principal is a key of caches and throttles. */
const LONGEST_NAME = 1_024;

/** Members of a JSON object, each read as what it must be; one that is not there is `undefined`. */
export class Members {
  constructor(private readonly object: Readonly<Record<string, unknown>>) {}

  private read(name: string): unknown {
    return Object.hasOwn(this.object, name) ? this.object[name] : undefined;
  }

  has(name: string): boolean {
    return this.read(name) !== undefined;
  }

  /** @throws MemberError unless it is a text of one line, not empty */
  text(name: string): string | undefined {
    const value = this.read(name);
    if (value === undefined) return undefined;
    // Controls are in no identifier, and would end a line of the log or a field.
    if (typeof value !== 'string' || value === '' || value.length > LONGEST_NAME || /\p{Cc}|\p{Cs}/u.test(value)) {
      throw new MemberError(`${name} is no text of 1 to ${LONGEST_NAME} printable characters`);
    }
    return value;
  }

  /** @throws MemberError unless it is a time in seconds since the Unix epoch (`NumericDate` of RFC 7519 §2) */
  seconds(name: string): number | undefined {
    const value = this.read(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !(value >= 0 && value <= LAST_SECOND)) {
      throw new MemberError(`${name} is no time in seconds since 1970`);
    }
    return value;
  }

  /** @throws MemberError unless it is a `scope` value (RFC 6749 §3.3), which may be empty */
  scope(name: string): string[] {
    const value = this.read(name);
    if (value === undefined) return [];
    const names = typeof value === 'string' ? parseScope(value) : undefined;
    if (names === undefined || !names.every(isScopeName)) {
      throw new MemberError(`${name} is no text of scope names with spaces between them`);
    }
    return names;
  }

  /** @throws MemberError unless it is one text or a list of texts */
  texts(name: string): string[] | undefined {
    const value = this.read(name);
    if (value === undefined) return undefined;
    return typeof value === 'string' ? [value] : this.list(name);
  }

  /** @throws MemberError unless it is a list of texts */
  list(name: string): string[] | undefined {
    const value = this.read(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) {
      throw new MemberError(`${name} is no list of texts`);
    }
    return value;
  }
}
