/*
 * Reads the `security` of a document as OpenAPI 3.1 §4.8.30 defines it, and nothing else: it shares no code with what writes
 * the document.
 */

interface Scheme {
  readonly type: string;
  readonly scheme?: string;
  readonly in?: string;
  readonly name?: string;
}

export interface Operation {
  readonly operationId: string;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: unknown;
  readonly 'x-oauth2-not-expressed'?: readonly string[];
}

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly securitySchemes?: Readonly<Record<string, Scheme>> };
}

/** What a request brings. */
export interface Sent {
  /** The scopes of its bearer token; `undefined`: it has none. */
  readonly bearer?: readonly string[] | undefined;
  /** Names of the cookies and fields that it has, lower case. */
  readonly keys?: readonly string[];
}

/** One operation of a document. */
export interface Listed {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

export function operationsOf({ paths }: Document): readonly Listed[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

/** Whether the document says that a request is let in. */
export function admits({ components }: Document, { security }: Operation, sent: Sent): boolean {
  if (security === undefined || security.length === 0) return true;
  return security.some((needed) =>
    Object.entries(needed).every(([name, scopes]) => {
      const scheme = components.securitySchemes?.[name];
      if (scheme === undefined) throw new Error(`There is no security scheme ${name}.`);
      return satisfies(scheme, scopes, sent);
    }),
  );
}

function satisfies(scheme: Scheme, scopes: readonly string[], { bearer, keys = [] }: Sent): boolean {
  const takesBearer =
    scheme.type === 'oauth2' ||
    scheme.type === 'openIdConnect' ||
    (scheme.type === 'http' && scheme.scheme === 'bearer');
  if (takesBearer) return bearer !== undefined && scopes.every((scope) => bearer.includes(scope));
  if (scheme.type === 'apiKey') return keys.includes(String(scheme.name).toLowerCase());
  // Requests of these tests bring no other credentials.
  return false;
}

/** All scopes that the operation names. */
export function scopesNamed({ security = [] }: Operation): readonly string[] {
  return [...new Set(security.flatMap((needed) => Object.values(needed).flat()))];
}

/** Every combination of some names. */
export function combinations(names: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: 2 ** names.length }, (_, bits) => names.filter((_name, at) => (bits >> at) & 1));
}

/** What came of a request, by its status. */
export function outcomeOf(status: number): 'admitted' | 401 | 403 {
  return status === 401 || status === 403 ? status : 'admitted';
}
