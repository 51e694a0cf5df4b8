import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/clock.js';
import { loadJose } from '../jose.js';
import type { Nonces } from './nonces.js';
import type { Replays } from './replays.js';
import type { TargetUri } from './target-uri.js';

/** The request that a proof is for, and the token. */
export interface ProvenRequest {
  readonly method: string;
  /** The target of the request, in origin form. */
  readonly target: string;
  /** The SHA-256 of the token, base64url: the required `ath`. */
  readonly tokenHash: string;
  /** The thumbprint that the token is bound to. */
  readonly jkt: string;
}

/** The result of checking a proof. `problem` is sent to the caller: it names a member, but contains no value. */
export type ProofAnswer =
  | { readonly status: 'good'; readonly nextNonce: string | undefined }
  | { readonly status: 'bad'; readonly problem: string }
  | { readonly status: 'nonce'; readonly nextNonce: string };

/** The rules by which proofs are checked. */
export interface ProofRules {
  readonly algorithms: readonly string[];
  /** The maximum age of a proof, and how far its `iat` may be in the future. */
  readonly maxAgeSeconds: number;
  readonly clockToleranceSeconds: number;
}

export interface ProofCheckerDependencies {
  readonly rules: ProofRules;
  readonly targetUri: TargetUri;
  readonly replays: Replays;
  /** Set if nonces are required (RFC 9449 §9). */
  readonly nonces: Nonces | undefined;
  readonly clock: Clock;
}

/** One RSA key of 4096 bits in the header and its signature take 2,100 characters. */
export const LONGEST_PROOF = 4_096;

const LONGEST_JTI = 256;

/** For how many callers the proof keys are kept. The header is the same in all proofs of a caller. */
const MOST_KEYS = 10_000;

type PublicKey = Awaited<ReturnType<typeof import('jose').importJWK>>;

interface ProofKey {
  readonly key: PublicKey;
  readonly jkt: string;
}

/** The claims of a proof (RFC 9449 §4.2), whose types are not checked yet. */
type ProofClaims = { readonly [Name in 'jti' | 'htm' | 'htu' | 'iat' | 'ath' | 'nonce']?: unknown };

/** Checks DPoP proofs at a resource (RFC 9449 §4.3, §7), after the token was found valid. */
export class ProofChecker {
  private readonly keys = new LRUCache<string, ProofKey>({ max: MOST_KEYS });

  constructor(private readonly dependencies: ProofCheckerDependencies) {}

  /**
   * @param proof the `DPoP` field; Node joins several with commas, which no JWT contains
   * @throws TemporarilyUnavailableError if it is unknown whether the proof was used before
   */
  async check(proof: string, request: ProvenRequest): Promise<ProofAnswer> {
    const { nonces, targetUri, replays, clock } = this.dependencies;
    if (proof.includes(',')) return bad('there is more than one');
    if (proof.length > LONGEST_PROOF) return bad('it is too long');
    const proven = await this.claimsOf(proof, request.jkt);
    if (typeof proven === 'string') return bad(proven);
    const { jti, htm, htu, iat, ath, nonce } = proven;
    if (typeof jti !== 'string' || jti === '' || jti.length > LONGEST_JTI) return bad('jti');
    if (htm !== request.method) return bad('htm is not the method of the request');
    if (!targetUri.matches(htu, request.target)) return bad('htu is not the URI of the request');
    if (ath !== request.tokenHash) return bad('ath is not the hash of the access token');
    // Checked before the age, so that a client without a nonce gets one even if its clock is wrong.
    if (nonces !== undefined && !nonces.accepts(nonce)) return { status: 'nonce', nextNonce: nonces.current() };
    const usableMilliseconds = this.usableMilliseconds(iat, clock.nowMilliseconds());
    if (usableMilliseconds === undefined) return bad('iat is not the present time');
    // Last, so that only otherwise valid proofs are stored.
    if (!(await replays.claim(idOf(request.jkt, jti), usableMilliseconds))) return bad('it was used before');
    const current = nonces?.current();
    return { status: 'good', nextNonce: current === nonce ? undefined : current };
  }

  /** The claims of a proof that is signed with the key of the token, or a description of the problem. */
  private async claimsOf(proof: string, jkt: string): Promise<ProofClaims | string> {
    const { compactVerify, errors } = await loadJose();
    const headerPart = proof.slice(0, proof.indexOf('.'));
    try {
      const known = this.keys.get(headerPart) ?? (await this.keyOf(headerPart));
      if (typeof known === 'string') return known;
      if (known.jkt !== jkt) return 'it is signed by another key than the access token is bound to';
      const { payload } = await compactVerify(proof, known.key, {
        algorithms: [...this.dependencies.rules.algorithms],
      });
      // Only keys with a valid signature are kept.
      this.keys.set(headerPart, known);
      const claims: unknown = JSON.parse(UTF8.decode(payload));
      return typeof claims === 'object' && claims !== null && !Array.isArray(claims) ? claims : MALFORMED;
    } catch (error) {
      return error instanceof errors.JWSSignatureVerificationFailed ? 'its signature is wrong' : MALFORMED;
    }
  }

  /** The key in the header of a proof, if the header is valid. @throws if it is not a header, or contains no key */
  private async keyOf(headerPart: string): Promise<ProofKey | string> {
    const { importJWK, calculateJwkThumbprint } = await loadJose();
    const header: unknown = JSON.parse(UTF8.decode(Buffer.from(headerPart, 'base64url')));
    if (typeof header !== 'object' || header === null) return MALFORMED;
    const { typ, alg, jwk } = header as { readonly typ?: unknown; readonly alg?: unknown; readonly jwk?: unknown };
    if (typeof typ !== 'string' || typ.toLowerCase().replace(/^application\//, '') !== 'dpop+jwt') return 'typ';
    if (typeof alg !== 'string' || !this.dependencies.rules.algorithms.includes(alg)) return 'alg';
    if (typeof jwk !== 'object' || jwk === null) return 'jwk';
    // `d` is the private part of every kind of asymmetric key, and `k` a symmetric one (RFC 7518 §6).
    if ('d' in jwk || 'k' in jwk) return 'jwk is not a public key';
    const key = await importJWK(jwk, alg);
    if (key instanceof Uint8Array || key.type !== 'public') return 'jwk is not a public key';
    return { key, jkt: await calculateJwkThumbprint(jwk, 'sha256') };
  }

  /** For how long a proof with this `iat` can still be used; `undefined` if it is too old, or from the future. */
  private usableMilliseconds(iat: unknown, nowMilliseconds: number): number | undefined {
    if (typeof iat !== 'number' || !Number.isFinite(iat)) return undefined;
    const { maxAgeSeconds, clockToleranceSeconds } = this.dependencies.rules;
    const age = nowMilliseconds - iat * 1000;
    if (age < -clockToleranceSeconds * 1000) return undefined;
    const left = maxAgeSeconds * 1000 - age;
    return left < 0 ? undefined : left + 1000;
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

const MALFORMED = 'it is not a JWT that is signed by the key in its header';

/** Two callers may choose the same `jti`. */
function idOf(jkt: string, jti: string): string {
  return hash('sha256', `${jkt}.${jti}`, 'base64url').slice(0, 22);
}

function bad(problem: string): ProofAnswer {
  return { status: 'bad', problem };
}
