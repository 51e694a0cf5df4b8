/** Whether a value identifies a resource: an absolute URI without a fragment (RFC 8707 §2). */
export function isResourceIdentifier(value: unknown): value is string {
  return typeof value === 'string' && URL.canParse(value) && !value.includes('#');
}
