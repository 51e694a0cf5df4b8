import type * as OAuth from 'oauth4webapi';
import { mediaTypeOf } from './bounded-fetch.js';
import { EndpointFailure } from './endpoint-failure.js';
import { parseUnambiguous } from './json-text.js';

const MEDIA_TYPE = 'application/token-introspection+jwt';

/** How far from now an answer may be made: the way, and clocks that differ. An older one is somebody's copy. */
const FARTHEST_SECONDS = 60;

/** What an answer is checked against. */
export interface SignedAnswerParts {
  readonly oauth: typeof OAuth;
  readonly server: OAuth.AuthorizationServer;
  readonly client: OAuth.Client;
  readonly options: OAuth.ValidateSignatureOptions;
}

/**
 * Reads a signed answer (RFC 9701 §5): of the right type, from the issuer, for this resource server, made just now, with
 * a signature of one of the allowed algorithms by a key of the issuer.
 *
 * @throws EndpointFailure, SyntaxError or an error of oauth4webapi if it is not
 */
export async function readSignedAnswer(
  { oauth, server, client, options }: SignedAnswerParts,
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
  // What was read until here could have been written by anybody.
  await oauth.validateApplicationLevelSignature(server, signed, options);
  if (Math.abs(Number(claims.iat) * 1000 - nowMilliseconds) > FARTHEST_SECONDS * 1000) {
    throw new EndpointFailure('answer', `the answer was not made within ${FARTHEST_SECONDS} seconds of now`);
  }
  return answer;
}

function decoded(part: string): string {
  return Buffer.from(part, 'base64url').toString('utf8');
}
