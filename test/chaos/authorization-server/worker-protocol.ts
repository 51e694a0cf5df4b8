/** What a worker is started with; JSON. All workers of a site get the same. */
export interface WorkerSettings {
  readonly databaseUrl: string;
  readonly issuer: string;
  readonly scopes: Readonly<Record<string, string>>;
  /** base64url. */
  readonly encryptionKey: string;
  /** Left out: each process caches for itself. */
  readonly redis?: { readonly url: string; readonly keyPrefix: string };
}

/** What a worker says once it serves. */
export interface Serving {
  readonly url: string;
  /** The same without a grace window for refresh tokens. */
  readonly strictUrl: string;
}
