/** A request that is refused before oidc-provider sees it, with an error code of RFC 6749 §5.2. */
export class BadRequest extends Error {
  constructor(
    readonly description: string,
    readonly error = 'invalid_request',
    readonly status = 400,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(description);
  }
}
