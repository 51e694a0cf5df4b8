import { sha256 } from '../../core/digest.js';
import type { Application } from '../../storage/index.js';
import { parameter } from '../http/request/parameters.js';
import type { FastRequest } from './fast-path.js';

/** With one of these fields, more than the secret has to be checked: the origin of the request, or another proof. */
const OTHER_FIELDS = ['origin', 'oauth-client-attestation', 'oauth-client-attestation-pop'];

/** A secret that is the only proof of a request. */
export interface SoleSecret {
  readonly clientId: string;
  /** SHA-256. */
  readonly secretHash: Buffer;
}

/**
 * The secret of a request, if it is in the Basic field or in the form (RFC 6749 §2.3.1) and there is no other proof.
 * `undefined` for everything else, including malformed requests, which oidc-provider handles.
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
 * Whether this is a valid generated secret of the application; `false` for everything that oidc-provider has to check.
 * It compares digests and does not remember the result, since the previous secret expires.
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
