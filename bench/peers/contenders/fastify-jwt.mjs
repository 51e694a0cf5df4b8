/**
 * Fastify 5 with @fastify/jwt and its cache of verified tokens: with get-jwks, as its documentation shows it; then with the key
 * fetched once at start-up, and the token itself as the key of the cache, which fast-jwt names as the fastest.
 */
import fastifyJwt from '@fastify/jwt';
import createFastify from 'fastify';
import { ANSWER_SCHEMA, closingFastify, requireScope } from './shared/fastify.mjs';

async function serve({ jwt: { issuer, audience, algorithm }, cacheEntries = 10_000 }, secret, verify = {}) {
  const app = createFastify();
  await app.register(fastifyJwt, {
    decode: { complete: true },
    secret,
    verify: {
      ...{ cache: cacheEntries, algorithms: [algorithm], allowedIss: issuer, allowedAud: audience, checkTyp: 'at+jwt' },
      ...verify,
    },
    formatUser: ({ sub, scope }) => ({ user: sub, scopes: scope.split(' ') }),
  });
  app.addHook('onRequest', authenticate);
  const preHandler = requireScope('api', (request) => request.user);
  app.get('/resource', { schema: ANSWER_SCHEMA, preHandler }, (request, reply) => {
    reply.send({ ok: true, user: request.user.user });
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return closingFastify(app);
}

/** As documented, but for what is wrong with a token, some of which it answers with 500. */
async function authenticate(request, reply) {
  try {
    await request.jwtVerify();
  } catch {
    reply.code(401).header('www-authenticate', 'Bearer error="invalid_token"').send({ error: 'invalid_token' });
    return reply;
  }
}

export async function fastifyJwks(settings) {
  const { default: buildGetJwks } = await import('get-jwks');
  const getJwks = buildGetJwks();
  // Its documentation asks the issuer that the token names; one that is not allowed would be answered with 500 then.
  const domain = settings.jwt.issuer;
  return serve(settings, (_request, { header: { kid, alg } }) => getJwks.getPublicKey({ kid, alg, domain }));
}

export async function fastifyStaticKey(settings) {
  const { createPublicKey } = await import('node:crypto');
  const { keys } = await (await fetch(settings.jwt.jwksUri)).json();
  const key = keys.find(({ alg }) => alg === settings.jwt.algorithm);
  const pem = createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  return serve(settings, { public: pem }, { cacheKeyBuilder: (token) => token });
}
