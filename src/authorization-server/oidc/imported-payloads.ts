import { formatScope, parseScope } from '../../core/scopes.js';
import type { ImportedGrant } from '../../storage/index.js';

/** The members of a grant that are read here. */
interface GrantMembers {
  readonly openid?: { readonly scope?: string };
  readonly resources?: Readonly<Record<string, string>>;
}

/**
 * The JSON of a grant that was given at another server, as `GrantAdapter` stores it. Its scopes apply at each of its resources,
 * as they did there.
 *
 * @param before the JSON of the grant that is extended
 */
export function importedGrantPayload(grant: ImportedGrant, before: string | undefined): string {
  const stored = (before === undefined ? {} : JSON.parse(before)) as GrantMembers;
  const scopes = [...new Set([...parseScope(stored.openid?.scope ?? ''), ...grant.scopes])];
  const resources = [...new Set([...Object.keys(stored.resources ?? {}), ...grant.resources])];
  const scope = formatScope(scopes);
  return JSON.stringify({
    iat: Math.floor(grant.createdAtMilliseconds / 1000),
    exp: Math.floor(grant.expiresAtMilliseconds / 1000),
    clientId: grant.clientId,
    accountId: grant.userId,
    ...stored,
    ...(scope !== '' && { openid: { scope } }),
    ...(scope !== '' &&
      resources.length > 0 && { resources: Object.fromEntries(resources.map((one) => [one, scope])) }),
  });
}

/** Where an imported token comes from. */
interface Origin {
  /** The server and the id of the row there. */
  readonly importedFrom: string;
}

/** The JSON of an imported access token, as `AccessTokenAdapter` stores it. */
export function importedAccessTokenPayload({ importedFrom }: Origin, audience: readonly string[] | null): string {
  return JSON.stringify({ importedFrom, ...(audience !== null && { aud: single(audience) }) });
}

/**
 * The JSON of an imported refresh token, as `RefreshTokenAdapter` stores it.
 *
 * @param begunAtMilliseconds from when the lifetime of its successors is counted
 */
export function importedRefreshTokenPayload(
  { importedFrom }: Origin,
  resources: readonly string[] | null,
  begunAtMilliseconds: number,
): string {
  const iiat = Math.floor(begunAtMilliseconds / 1000);
  return JSON.stringify({ importedFrom, iiat, ...(resources !== null && { resource: single(resources) }) });
}

function single(values: readonly string[]): string | readonly string[] {
  return values.length === 1 ? (values[0] as string) : values;
}
