/** How long a document is used at least before it is read again, in seconds: each application costs its host little. */
export const LEAST_LIFETIME_SECONDS = 300;
/** How long a document is used at most, in seconds: until then a change may take to be noticed. */
export const MOST_LIFETIME_SECONDS = 86_400;

/** `application/json`, or a more specific type of JSON, such as `application/client+json`. */
const JSON_TYPE = /^application\/(?:json|[a-z0-9!#$&^_.+-]+\+json)[ \t]*(?:;|$)/i;

/** Whether this is the media type of a metadata document; others may be what a stranger has uploaded to the host. */
export function isDocumentType(contentType: string | null): boolean {
  return JSON_TYPE.test(contentType ?? '');
}

/** How long a document may be used by its `Cache-Control` field (RFC 9111 §5.2.2), within bounds; in seconds. */
export function lifetimeSeconds(cacheControl: string | null): number {
  const directives = (cacheControl ?? '')
    .toLowerCase()
    .split(',')
    .map((one) => one.trim());
  if (directives.some((one) => /^no-(?:store|cache)\b/.test(one))) return LEAST_LIFETIME_SECONDS;
  const seconds = directives.map((one) => /^max-age="?(\d{1,10})"?$/.exec(one)?.[1]).find((one) => one !== undefined);
  return Math.min(MOST_LIFETIME_SECONDS, Math.max(LEAST_LIFETIME_SECONDS, Number(seconds ?? 0)));
}
