import { createHash } from 'node:crypto';
import { formatScope, isScopeName } from '../../../core/scopes.js';
import type { KnownApplication } from './known-applications.js';
import type { TOKEN_REFUSALS } from './reasons.js';
import { OVERSIZED, resourcesOf, type SourceRow, wordsOf } from './source-values.js';

export type TokenRefusal = keyof typeof TOKEN_REFUSALS;

/** Below the size of a TEXT column of MySQL, in bytes. */
const LONGEST_TEXT = 65_000;

/** A grant holds the scope for each resource. */
const MOST_RESOURCES = 50;

/** The scope with which tokens of Django OAuth Toolkit manage a registration (RFC 7592). */
const REGISTRATION_SCOPE = 'oauth2_provider:registration';

/** What a token is about. */
export interface TokenBounds {
  readonly scope: string;
  readonly audience: readonly string[] | null;
  /** Whether a name was left out of its scope. */
  readonly scopeLeftOut: boolean;
}

/**
 * The scope and the audience of a token.
 *
 * @param defaultResource the audience of a token that names no resource
 */
export function boundsOf(
  scope: string | null | undefined,
  resource: string | null | undefined,
  defaultResource: string | undefined,
): TokenBounds | { readonly refusal: TokenRefusal } {
  const words = wordsOf(scope);
  if (words.includes(REGISTRATION_SCOPE)) return { refusal: 'registration_token' };
  const names = words.filter(isScopeName);
  const resources = resourcesOf(resource);
  if (resources === undefined) return { refusal: 'unreadable_resource' };
  const fallback = defaultResource === undefined ? null : [defaultResource];
  const audience = resources.length === 0 ? fallback : resources;
  const written = formatScope(names);
  const longest = Math.max(written.length, Buffer.byteLength(JSON.stringify(audience)));
  if (longest > LONGEST_TEXT || resources.length > MOST_RESOURCES) return { refusal: 'oversized' };
  return { scope: written, audience, scopeLeftOut: names.length < words.length };
}

/** Whom a token belongs to. */
export interface TokenOwners {
  readonly application: KnownApplication['here'] | null;
  readonly userId: string | null;
}

/** The application and the user of a token. */
export function ownersOf(
  row: SourceRow,
  applications: ReadonlyMap<string, KnownApplication>,
  users: ReadonlyMap<string, string>,
): TokenOwners | { readonly refusal: TokenRefusal } {
  if (row[OVERSIZED] !== undefined) return { refusal: 'oversized' };
  const application = row.application_id ? applications.get(row.application_id)?.here : null;
  if (application === undefined) return { refusal: 'no_application' };
  const userId = row.user_id ? users.get(row.user_id) : null;
  if (userId === undefined) return { refusal: 'no_user' };
  return application === null && userId === null ? { refusal: 'nobody' } : { application, userId };
}

/**
 * The family of a refresh token, and of the access token that was issued with it. A UUID has as many bits as a family here. A
 * token without a family is one of its own.
 */
export function familyIdOf(uuid: string | null | undefined, digest: Buffer | undefined): string | undefined {
  const hexadecimal = (uuid ?? '').replaceAll('-', '');
  if (/^[0-9a-f]{32}$/i.test(hexadecimal)) return Buffer.from(hexadecimal, 'hex').toString('base64url');
  if (digest === undefined) return undefined;
  return createHash('sha256').update('family of ').update(digest).digest().subarray(0, 16).toString('base64url');
}
