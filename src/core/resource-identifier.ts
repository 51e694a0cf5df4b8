/** Whether a value identifies a resource: an absolute URI without a fragment (RFC 8707 §2). */
export function isResourceIdentifier(value: unknown): value is string {
  return typeof value === 'string' && URL.canParse(value) && !value.includes('#');
}

/**
 * The identifier of a resource in the form in which identifiers are compared: of a bare origin, with a slash or without,
 * the one without. RFC 3986 §6.2.3 calls the two equivalent, and clients write either; anything else is compared as it is
 * written (RFC 8707 §2, RFC 9728 §3.3).
 */
export function canonicalResource(identifier: string): string {
  if (!identifier.endsWith('/')) return identifier;
  const bare = identifier.slice(0, -1);
  // A path, a query or an authority of another kind keeps its slash.
  return /^https?:\/\/[^/?#]+$/i.test(bare) ? bare : identifier;
}
