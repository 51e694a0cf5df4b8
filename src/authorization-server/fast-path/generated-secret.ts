import type { Context } from 'koa';
import { sha256 } from '../../core/digest.js';
import { rememberPerConnection } from '../../core/remember-per-connection.js';
import type { Application } from '../../storage/index.js';
import { type Parameters, parameter } from '../http/request/parameters.js';
import { basicCredentials } from '../http/request/presented-client.js';

/** Well-formed credentials (RFC 7617 §2, RFC 4648 §4); decoders are lenient with the rest. */
const BASIC = /^basic (?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/i;

/** With one of these fields there is more to judge than the secret: where the call comes from, or another proof. */
const OTHER_FIELDS = ['origin', 'oauth-client-attestation', 'oauth-client-attestation-pop'];

/** The secret that a request presents. */
export interface ClaimedSecret {
  readonly clientId: string;
  readonly secret: string;
  /** Its SHA-256. */
  readonly secretHash: Buffer;
}

/**
 * The secret by which a request means to prove itself, if it comes in the Basic field or in the form (RFC 6749 §2.3.1)
 * and there is no other proof beside. `undefined` for everything else, also for what is wrong: it is for oidc-provider
 * to judge.
 */
export function claimedSecret({ req }: Context, parameters: Parameters): ClaimedSecret | undefined {
  if (OTHER_FIELDS.some((name) => req.headers[name] !== undefined)) return undefined;
  if (parameter(parameters, 'client_assertion') !== undefined) return undefined;
  const posted = parameter(parameters, 'client_secret');
  const header = req.headers.authorization ?? '';
  if ((header === '') === (posted === undefined)) return undefined;
  const clientId = parameter(parameters, 'client_id');
  if (posted !== undefined)
    return clientId === undefined ? undefined : { clientId, secret: posted, secretHash: sha256(posted) };
  const claimed = rememberPerConnection(req.socket, header, claimedByField);
  return clientId === undefined || clientId === claimed?.clientId ? claimed : undefined;
}

function claimedByField(header: string): ClaimedSecret | undefined {
  const credentials = BASIC.test(header) ? basicCredentials(header) : undefined;
  return credentials && { ...credentials, secretHash: sha256(credentials.secret) };
}

/**
 * Whether the application proves itself by this secret, which was generated here; `false` also for everything that only
 * oidc-provider may judge. Two comparisons of digests: that a secret was found right is not remembered, since the one
 * before the present one ends at its time.
 */
export function isProvenBy(
  { secretHash }: ClaimedSecret,
  application: Application | undefined,
  nowMilliseconds: number,
): application is Application {
  if (application === undefined) return false;
  if (application.clientType !== 'confidential' || application.clientSecretHash === null) return false;
  return !application.hasKeys() && application.isGeneratedSecret(secretHash, nowMilliseconds);
}
