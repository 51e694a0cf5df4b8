/** An endpoint of the authorization server. */
export interface Endpoint {
  /** What it is called in oidc-provider. */
  readonly name: string;
  readonly methods: readonly string[];
  /** Programs get JSON, browsers get pages. */
  readonly caller: 'program' | 'browser';
  /**
   * Whose pages of other origins may read the responses: everybody's, or those of the requesting application.
   * `undefined`: nobody's, as for pages.
   */
  readonly readers: 'everybody' | 'applications' | undefined;
  /** The media type of a body. */
  readonly body: 'form' | 'json' | undefined;
  /** oidc-provider's path for it. */
  readonly innerPath: string;
}
