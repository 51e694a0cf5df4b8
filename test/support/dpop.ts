import { createHash, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from 'jose';

/** A key that signs DPoP proofs. */
export interface ProofKey {
  readonly alg: string;
  readonly privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
  readonly jwk: JWK;
  readonly jkt: string;
}

export async function newProofKey(alg = 'ES256'): Promise<ProofKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  return { alg, privateKey, jwk, jkt: await calculateJwkThumbprint(jwk) };
}

export interface ProofParts {
  readonly header?: Readonly<Record<string, unknown>>;
  /** Members that are `undefined` are left out. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** A proof for a request; what is given replaces what belongs there. */
export function proofOf(
  key: ProofKey,
  request: { readonly method: string; readonly url: string; readonly token?: string },
  { header = {}, claims = {} }: ProofParts = {},
): Promise<string> {
  const all = {
    htm: request.method,
    htu: request.url,
    jti: randomUUID(),
    iat: Math.floor(Date.now() / 1000),
    ...(request.token !== undefined && { ath: createHash('sha256').update(request.token).digest('base64url') }),
    ...claims,
  };
  const present = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return new SignJWT(present)
    .setProtectedHeader({ alg: key.alg, typ: 'dpop+jwt', jwk: key.jwk, ...header } as JWTHeaderParameters)
    .sign(key.privateKey);
}
