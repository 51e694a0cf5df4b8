/**
 * What people know an address by: its host, or the scheme of one that is not of the web. What stands there in the place
 * of a host says nothing about who is behind it.
 */
export function hostOf(uri: string | undefined): string | undefined {
  if (uri === undefined || !URL.canParse(uri)) return undefined;
  const { host, protocol } = new URL(uri);
  return /^https?:$/.test(protocol) ? host : protocol;
}
