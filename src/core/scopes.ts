import { entriesOption, hostPath, refuseOption } from './options/index.js';
import type { DescribedScopeName, ScopeName } from './register.js';

/** Scope names with descriptions for people, e.g. `{ 'books:read': 'See your books' }`. */
export type ScopeDescriptions = Readonly<Record<DescribedScopeName, string>>;

/** Something that has scopes, such as the access object of a request or a token. */
export interface ScopeHolder {
  /** Its scopes. */
  readonly scopes: readonly string[];
}

/** The scopes that OpenID Connect defines: known without a description. */
export const IDENTITY_SCOPES = ['openid', 'offline_access'] as const;

/** `scope-token` of RFC 6749 §3.3: printable ASCII without space, `"` and `\`. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Whether a string can be the name of one scope (RFC 6749 §3.3). */
export function isScopeName(value: unknown): value is string {
  return typeof value === 'string' && SCOPE_TOKEN.test(value);
}

/** Whether a string is a valid `scope` value (RFC 6749 §3.3): names separated by single spaces. */
export function isScopeValue(value: string): boolean {
  return value.split(' ').every(isScopeName);
}

/** Splits a `scope` value (RFC 6749 §3.3) into its names, without duplicates, in their order. */
export function parseScope(scope: string): string[] {
  const names = scope.split(' ').filter((name) => name !== '');
  return names.length < 2 ? names : [...new Set(names)];
}

/**
 * Whether somebody has all of these scopes. With `Register` it takes only scopes that exist.
 *
 * @param holder the access object of a request, a token, an inspection: whatever lists its scopes
 * @param names the scopes
 *
 * @example
 * ```ts
 * import { hasScopes, type VerifiedToken } from 'routing-controllers-oauth2';
 *
 * export function maySeeDrafts(token: VerifiedToken): boolean {
 *   return hasScopes(token, ['books:read', 'drafts']);
 * }
 * ```
 */
export function hasScopes({ scopes }: ScopeHolder, names: readonly ScopeName[]): boolean {
  return names.every((name) => scopes.includes(name));
}

/** Joins scope names into a `scope` value, as it is sent and stored. */
export function formatScope(names: Iterable<string>): string {
  return [...names].join(' ');
}

/** @throws ConfigurationError unless the value describes scopes by their names */
export function scopeTableOption(path: string, value: unknown): void {
  const scopes = entriesOption(path, value, "give names with descriptions, e.g. { read: 'Read' }");
  for (const [scope, description] of scopes) {
    const at = hostPath(path, scope);
    if (!isScopeName(scope)) refuseOption(at, description, 'the key must be one scope name (RFC 6749 §3.3)');
    if (typeof description !== 'string') refuseOption(at, description, 'describe the scope in a text');
  }
}

/** @throws ConfigurationError unless the value is one scope name */
export function scopeNameOption(path: string, value: unknown): string {
  if (!isScopeName(value)) refuseOption(path, value, 'give one scope name (RFC 6749 §3.3)');
  return value;
}

/**
 * Reads scope names from a declaration: each string may itself hold several, separated by spaces.
 *
 * @throws ConfigurationError if one of them is not a scope name; `path` says which option, or who declared it.
 */
export function declaredScopes(values: readonly unknown[], path: string): readonly string[] {
  const names: string[] = [];
  for (const value of values) {
    const parts = typeof value === 'string' ? parseScope(value) : [value];
    if (parts.length === 0) refuseOption(path, value, 'an empty string is not a scope; name one');
    for (const part of parts) {
      if (!isScopeName(part)) {
        refuseOption(
          path,
          part,
          'it is not a scope name (RFC 6749 §3.3: printable ASCII without space, quote, backslash)',
        );
      }
      if (!names.includes(part)) names.push(part);
    }
  }
  return Object.freeze(names);
}
