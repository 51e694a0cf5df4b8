/** Whether a value identifies a resource: an absolute URI without a fragment (RFC 8707 §2). */
export function isResourceIdentifier(value: unknown): value is string {
  return typeof value === 'string' && URL.canParse(value) && !value.includes('#');
}

/**
 * The form in which resource identifiers are compared: a bare origin has no trailing slash. RFC 3986 §6.2.3 calls the
 * two spellings equivalent, and clients use both; everything else is compared unchanged (RFC 8707 §2, RFC 9728 §3.3).
 */
export function canonicalResource(identifier: string): string {
  if (!identifier.endsWith('/')) return identifier;
  const bare = identifier.slice(0, -1);
  // With a path, a query or another scheme, the slash is kept.
  return /^https?:\/\/[^/?#]+$/i.test(bare) ? bare : identifier;
}
