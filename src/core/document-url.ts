import { isIP } from 'node:net';

/** The width of the column of client identifiers, in characters. */
const MAXIMUM_LENGTH = 255;

/** Whether a client identifier is meant as the URL of a metadata document. Others cannot contain a document. */
export function isDocumentUrl(clientId: string): boolean {
  return clientId.startsWith('https://');
}

/**
 * The problem with a client identifier that is the URL of a metadata document
 * (draft-ietf-oauth-client-id-metadata-document §3), in words; `undefined` if there is none.
 *
 * Identifiers are compared as strings, so a URL has to be written in the one way in which a URL parser writes it:
 * otherwise one document could have many identifiers, and its host could be read differently by people and by parsers.
 */
export function documentUrlProblem(clientId: string): string | undefined {
  if (clientId.length > MAXIMUM_LENGTH) return `the URL has more than ${MAXIMUM_LENGTH} characters`;
  if (!/^https:\/\/[\x21-\x7e]+$/.test(clientId) || !URL.canParse(clientId)) return 'it is not an https URL';
  const { href, hostname, pathname, username, password } = new URL(clientId);
  if (username !== '' || password !== '') return 'the URL has a user or password';
  if (clientId.includes('#')) return 'the URL has a fragment';
  if (href !== clientId) return 'the URL is not in its normal form, as a browser shows it';
  // An encoded dot segment is normalized, and so refused, above.
  if (pathname === '/') return 'the URL has no path';
  if (hostname.startsWith('[') || isIP(hostname) !== 0 || hostname.endsWith('.')) return 'the URL has no host name';
  return undefined;
}

/** The host of the metadata document that registered an application; `undefined` if none did. */
export function documentHostOf(application: {
  readonly clientId: string;
  readonly registeredBy?: string | null | undefined;
}): string | undefined {
  const { clientId, registeredBy } = application;
  return registeredBy === 'document' && URL.canParse(clientId) ? new URL(clientId).host : undefined;
}
