/** Express 5 with express-oauth2-jwt-bearer. */
import express from 'express';
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer';
import { listen } from './shared/listen.mjs';

export function expressJwt({ jwt: { issuer, audience, jwksUri, algorithm } }) {
  const app = express();
  // As with opaque tokens.
  app.disable('x-powered-by').disable('etag');
  // Strict: the type must be that of an access token (RFC 9068).
  const authenticate = auth({ issuer, audience, jwksUri, tokenSigningAlg: algorithm, strict: true });
  app.get('/resource', authenticate, requiredScopes('api'), (request, response) => {
    response.json({ ok: true, user: request.auth.payload.sub });
  });
  return listen(app);
}
