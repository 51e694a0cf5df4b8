import type { Context } from 'koa';
import type { Application } from '../../storage/index.js';
import type { FindApplication } from './client-adapter.js';
import { basicCredentials } from './client-credentials.js';
import { type Parameters, parameter } from './parameters.js';

/** Well-formed credentials (RFC 7617 §2); decoders are lenient with the rest. */
const BASIC = /^basic [A-Za-z0-9+/]+={0,2}$/i;

/**
 * The application that a request comes from, if it proves itself by its generated secret, in the Basic field or in the
 * form (RFC 6749 §2.3.1), and in no other way beside. `undefined` for everything else, also for what is wrong: it is
 * for oidc-provider to judge.
 */
export async function provenBySecret(
  find: FindApplication,
  outer: Context,
  parameters: Parameters,
): Promise<Application | undefined> {
  if (parameter(parameters, 'client_assertion') !== undefined) return undefined;
  const posted = parameter(parameters, 'client_secret');
  const header = outer.get('authorization');
  if ((header === '') === (posted === undefined)) return undefined;
  if (posted === undefined && !BASIC.test(header)) return undefined;
  const clientId = parameter(parameters, 'client_id');
  const given = posted === undefined ? basicCredentials(header) : { clientId, secret: posted };
  if (given?.clientId === undefined || (clientId !== undefined && clientId !== given.clientId)) return undefined;
  const application = await find(given.clientId);
  if (application?.clientType !== 'confidential' || application.clientSecretHash === null) return undefined;
  if (application.hasKeys()) return undefined;
  return (await application.checkSecret(given.secret)) ? application : undefined;
}
