/**
 * The part of an address that people recognize: its host, or for a private-use scheme the scheme, since its host part
 * does not say who receives the request.
 */
export function hostOf(uri: string | undefined): string | undefined {
  if (uri === undefined || !URL.canParse(uri)) return undefined;
  const { host, protocol } = new URL(uri);
  return /^https?:$/.test(protocol) ? host : protocol;
}
