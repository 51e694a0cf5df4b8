import { sha256 } from '../../core/digest.js';
import type { Application } from '../../storage/index.js';
import { parameter } from '../http/request/parameters.js';
import type { FastRequest } from './fast-path.js';

/** With one of these fields there is more to judge than the secret: where the call comes from, or another proof. */
const OTHER_FIELDS = ['origin', 'oauth-client-attestation', 'oauth-client-attestation-pop'];

/** A secret that is the only proof of a request. */
export interface SoleSecret {
  readonly clientId: string;
  /** SHA-256. */
  readonly secretHash: Buffer;
}

/**
 * The secret by which a request means to prove itself, if it comes in the Basic field or in the form (RFC 6749 §2.3.1)
 * and there is no other proof beside. `undefined` for everything else, also for what is wrong: it is for oidc-provider
 * to judge.
 */
export function soleSecret({ outer, parameters, client }: FastRequest): SoleSecret | undefined {
  if (client?.secret === undefined) return undefined;
  const { headers } = outer.req;
  if (OTHER_FIELDS.some((name) => headers[name] !== undefined)) return undefined;
  if (parameter(parameters, 'client_assertion') !== undefined) return undefined;
  const { clientId, secretHash = client.source === 'form' ? sha256(client.secret) : undefined } = client;
  if (secretHash === undefined || clientId === '') return undefined;
  if (client.source === 'form') return { clientId, secretHash };
  if (parameter(parameters, 'client_secret') !== undefined) return undefined;
  return (parameter(parameters, 'client_id') ?? clientId) === clientId ? { clientId, secretHash } : undefined;
}

/**
 * Whether the application proves itself by this secret, which was generated here; `false` also for everything that only
 * oidc-provider may judge. Two comparisons of digests: that a secret was found right is not remembered, since the one
 * before the present one ends at its time.
 */
export function isProvenBy(
  { secretHash }: SoleSecret,
  application: Application | undefined,
  nowMilliseconds: number,
): application is Application {
  if (application === undefined) return false;
  if (application.clientType !== 'confidential' || application.clientSecretHash === null) return false;
  return !application.hasKeys() && application.isGeneratedSecret(secretHash, nowMilliseconds);
}
