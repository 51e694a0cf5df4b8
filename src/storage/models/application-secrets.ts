import { timingSafeEqual } from 'node:crypto';
import { wholeNumberOption } from '../../core/options/index.js';

/** The columns with the secrets of an application, as hashes. */
export interface SecretColumns {
  readonly clientSecretHash: Buffer | null;
  readonly clientSecretImported: string | null;
  readonly previousClientSecretHash: Buffer | null;
  readonly previousClientSecretImported: string | null;
  readonly previousSecretExpiresAtMilliseconds: number | null;
}

/** Compared if there is no hash, so that the comparison takes the same time. */
const NO_HASH = Buffer.alloc(32);

/** Whether the previous secret is still valid. */
export function isOverlapping(
  { previousSecretExpiresAtMilliseconds }: SecretColumns,
  nowMilliseconds: number,
): boolean {
  return (previousSecretExpiresAtMilliseconds ?? 0) > nowMilliseconds;
}

/** Whether a SHA-256 is that of a valid secret. Takes the same time for either secret. */
export function isStoredDigest(columns: SecretColumns, digest: Buffer, nowMilliseconds: number): boolean {
  const previous = isOverlapping(columns, nowMilliseconds) ? columns.previousClientSecretHash : null;
  const isPresent = isSame(digest, columns.clientSecretHash);
  const isPrevious = isSame(digest, previous);
  return isPresent || isPrevious;
}

/** Django's hash of a valid secret: of the present one, or of the previous one. */
export function importedHash(columns: SecretColumns, nowMilliseconds: number): string | undefined {
  if (!columns.clientSecretHash && columns.clientSecretImported) return columns.clientSecretImported;
  return (isOverlapping(columns, nowMilliseconds) && columns.previousClientSecretImported) || undefined;
}

/** How long the previous secret may stay valid, in seconds: 90 days. */
export const LONGEST_OVERLAP_SECONDS = 90 * 86_400;

/** @throws ConfigurationError if the overlap is invalid */
export function checkedOverlap(overlapSeconds: number | undefined): number {
  if (overlapSeconds === undefined) return 0;
  const fix = `give a whole number of seconds from 0 to ${LONGEST_OVERLAP_SECONDS}`;
  return wholeNumberOption('overlapSeconds', overlapSeconds, { least: 0, most: LONGEST_OVERLAP_SECONDS }, fix);
}

/** The columns for the present secret when a new one replaces it. The previous one is dropped. */
export function overlapColumns(
  { clientSecretHash, clientSecretImported }: SecretColumns,
  expiresAtMilliseconds: number | undefined,
): Pick<
  SecretColumns,
  'previousClientSecretHash' | 'previousClientSecretImported' | 'previousSecretExpiresAtMilliseconds'
> {
  const keeps = expiresAtMilliseconds !== undefined && Boolean(clientSecretHash || clientSecretImported);
  return {
    previousClientSecretHash: keeps ? clientSecretHash : null,
    previousClientSecretImported: keeps && !clientSecretHash ? clientSecretImported : null,
    previousSecretExpiresAtMilliseconds: keeps ? expiresAtMilliseconds : null,
  };
}

function isSame(digest: Buffer, stored: Buffer | null | undefined): boolean {
  const isHash = stored instanceof Uint8Array && stored.length === 32;
  return timingSafeEqual(digest, isHash ? stored : NO_HASH) && isHash;
}
