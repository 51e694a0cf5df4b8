/** The key that signed a JWT, by its header. */
export interface SigningKeyUse {
  readonly kid: string | undefined;
  readonly algorithm: string;
}

/** Reads the header of a JWT that was just signed here; `undefined` for anything else, such as an opaque token. */
export function signingKeyUse(token: unknown): SigningKeyUse | undefined {
  if (typeof token !== 'string') return undefined;
  const [header, , signature] = token.split('.');
  if (header === undefined || signature === undefined) return undefined;
  try {
    const { kid, alg } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid?: string; alg?: string };
    return alg === undefined ? undefined : { kid, algorithm: alg };
  } catch {
    return undefined;
  }
}
