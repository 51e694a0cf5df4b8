import type * as OAuth from 'oauth4webapi';
import { mediaTypeOf } from './bounded-fetch.js';
import { EndpointFailure } from './endpoint-failure.js';
import { parseUnambiguous } from './json-text.js';

const MEDIA_TYPE = 'application/token-introspection+jwt';

/** The maximum age of an answer: transport time plus clock difference. An older answer may be a replay. */
const FARTHEST_SECONDS = 60;

/** What an answer is verified with. */
export interface SignedAnswerDependencies {
  readonly oauth: typeof OAuth;
  readonly server: OAuth.AuthorizationServer;
  readonly client: OAuth.Client;
  readonly options: OAuth.ValidateSignatureOptions;
}

/**
 * Verifies a signed answer (RFC 9701 §5): the type, the issuer, the audience (this resource server), the time of issue,
 * and the signature by a key of the issuer with one of the allowed algorithms.
 *
 * @throws EndpointFailure, SyntaxError or an error of oauth4webapi if it is invalid
 */
export async function readSignedAnswer(
  { oauth, server, client, options }: SignedAnswerDependencies,
  response: Response,
  nowMilliseconds: number,
): Promise<unknown> {
  if (mediaTypeOf(response) !== MEDIA_TYPE) {
    throw new EndpointFailure('answer', `the answer is not ${MEDIA_TYPE}`);
  }
  const text = await response.text();
  const [header = '', payload = ''] = text.split('.');
  parseUnambiguous(decoded(header));
  const claims = parseUnambiguous(decoded(payload)) as { readonly iat?: unknown };
  const signed = new Response(text, { headers: { 'content-type': MEDIA_TYPE } });
  const answer = await oauth.processIntrospectionResponse(server, client, signed);
  // Up to here nothing is authenticated.
  await oauth.validateApplicationLevelSignature(server, signed, options);
  if (Math.abs(Number(claims.iat) * 1000 - nowMilliseconds) > FARTHEST_SECONDS * 1000) {
    throw new EndpointFailure('answer', `the answer was not issued within ${FARTHEST_SECONDS} seconds of now`);
  }
  return answer;
}

function decoded(part: string): string {
  return Buffer.from(part, 'base64url').toString('utf8');
}
