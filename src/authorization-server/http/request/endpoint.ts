/** An endpoint of the authorization server. */
export interface Endpoint {
  /** What it is called in oidc-provider. */
  readonly name: string;
  readonly methods: readonly string[];
  /** Programs get JSON, browsers get pages. */
  readonly caller: 'program' | 'browser';
  /**
   * Whose pages of other origins may read the answers: everybody's, or those of the application that is answered.
   * `undefined`: nobody's, as of a page.
   */
  readonly readers: 'everybody' | 'applications' | undefined;
  /** The media type of a body. */
  readonly body: 'form' | 'json' | undefined;
  /** The path that oidc-provider has for it. */
  readonly innerPath: string;
}
