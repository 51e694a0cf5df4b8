/**
 * Fastify 5. With @fastify/bearer-auth and @fastify/rate-limit as documented; then with a hook of its own that needs no
 * promise for a token that is held; then with rate-limiter-flexible in place of @fastify/rate-limit.
 */
import createFastify from 'fastify';
import { ANSWER_SCHEMA, closingFastify, requireScope } from './shared/fastify.mjs';
import { closing } from './shared/listen.mjs';
import { openRedis } from './shared/redis.mjs';
import { bearerOf, tokenStore } from './shared/token-store.mjs';

async function serve(settings, { cache, authentication, throttle, shared = true }) {
  const { prefix, limit } = settings;
  const redis = limit === undefined || !shared ? undefined : await openRedis(settings.redis);
  const store = tokenStore({ ...settings, cache });
  const app = createFastify();
  app.decorateRequest('token', null);
  await authentication(app, store);
  const preHandler = [requireScope('api', (request) => request.token)];
  if (limit !== undefined) await throttle(app, preHandler, { redis, prefix, limit });
  app.get('/resource', { schema: ANSWER_SCHEMA, preHandler }, (request, reply) => {
    reply.send({ ok: true, user: request.token.user });
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return closingFastify(app, closing(store, redis));
}

async function bearerAuthPlugin(app, store) {
  const { default: bearerAuth } = await import('@fastify/bearer-auth');
  await app.register(bearerAuth, {
    keys: new Set(),
    async auth(token, request) {
      const found = await store.find(token);
      request.token = found ?? null;
      return found !== undefined;
    },
  });
}

async function ownHook(app, store) {
  app.addHook('onRequest', (request, reply, done) => {
    const conclude = (found) => {
      if (found === undefined) {
        reply.code(401).header('www-authenticate', 'Bearer error="invalid_token"').send({ error: 'invalid_token' });
        return;
      }
      request.token = found;
      done();
    };
    const token = bearerOf(request.headers.authorization);
    const found = token === undefined ? undefined : store.find(token);
    if (found instanceof Promise) found.then(conclude, done);
    else conclude(found);
  });
}

/** Its hook comes after those that the route has, so a refused scope spends nothing. */
async function rateLimitPlugin(app, _preHandler, { redis, prefix, limit }) {
  const { default: rateLimit } = await import('@fastify/rate-limit');
  await app.register(rateLimit, {
    hook: 'preHandler',
    redis,
    nameSpace: `${prefix}user:`,
    max: limit,
    timeWindow: 3_600_000,
    keyGenerator: (request) => request.token.user,
    // A plain object: the default makes an error, and with it a stack trace, for each refusal.
    errorResponseBuilder: (_request, { statusCode }) => ({ statusCode, error: 'too_many_requests' }),
  });
}

async function flexibleLimiter(_app, preHandler, { redis, prefix, limit }) {
  const { isRefusal, limitFields, redisLimiter, retryAfter } = await import('./shared/limiter.mjs');
  const limiter = redisLimiter({ redis, limit, prefix });
  preHandler.push((request, reply, done) => {
    limiter.consume(request.token.user).then(
      (decision) => {
        reply.headers(limitFields(limit, decision));
        done();
      },
      (reason) => {
        if (!isRefusal(reason)) return done(reason);
        reply
          .code(429)
          .headers({ ...limitFields(limit, reason), 'Retry-After': retryAfter(reason) })
          .send({ error: 'too_many_requests' });
      },
    );
  });
}

export const fastify5 = (settings) =>
  serve(settings, { cache: 'none', authentication: bearerAuthPlugin, throttle: rateLimitPlugin });
export const fastify5Lru = (settings) =>
  serve(settings, { cache: 'process', authentication: ownHook, throttle: rateLimitPlugin });
export const fastify5LruFlexible = (settings) =>
  serve(settings, { cache: 'process', authentication: ownHook, throttle: flexibleLimiter });
/** Counted in this process alone, as the plug-in does it without a store. */
export const fastify5LruMemory = (settings) =>
  serve(settings, { cache: 'process', authentication: ownHook, throttle: rateLimitPlugin, shared: false });
