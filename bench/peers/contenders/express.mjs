/** Express 5, passport with passport-http-bearer, express-rate-limit with rate-limit-redis. */
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import { Passport } from 'passport';
import { Strategy as BearerStrategy } from 'passport-http-bearer';
import { RedisStore } from 'rate-limit-redis';
import { closing, listen } from './shared/listen.mjs';
import { openRedis } from './shared/redis.mjs';
import { tokenStore } from './shared/token-store.mjs';

async function serve(settings, cache) {
  const { prefix, limit } = settings;
  const redis = limit === undefined ? undefined : await openRedis(settings.redis);
  const store = tokenStore({ ...settings, cache });

  const passport = new Passport();
  passport.use(
    new BearerStrategy((token, done) => {
      const conclude = (found) => done(null, found ?? false);
      const found = store.find(token);
      if (found instanceof Promise) found.then(conclude, done);
      else conclude(found);
    }),
  );

  const app = express();
  app.disable('x-powered-by');
  // Nobody here asks conditionally, and a digest of each answer costs.
  app.disable('etag');
  const handlers = [passport.authenticate('bearer', { session: false }), requireScope('api')];
  if (limit !== undefined) handlers.push(limiter({ redis, prefix, limit }));
  app.get('/resource', ...handlers, (request, response) => {
    response.json({ ok: true, user: request.user.user });
  });
  return listen(app, closing(store, redis));
}

function requireScope(scope) {
  return (request, response, next) => {
    if (request.user.scopes.includes(scope)) next();
    else response.status(403).json({ error: 'insufficient_scope' });
  };
}

function limiter({ redis, prefix, limit }) {
  return rateLimit({
    windowMs: 3_600_000,
    limit,
    // The cheapest of the standard ones: draft-8 makes a digest of the key for each answer.
    standardHeaders: 'draft-7',
    legacyHeaders: false,
    keyGenerator: (request) => request.user.user,
    message: { error: 'too_many_requests' },
    store: new RedisStore({
      sendCommand: (command, ...values) => redis.call(command, ...values),
      prefix: `${prefix}user:`,
    }),
  });
}

export const express5 = (settings) => serve(settings, 'none');
export const express5Lru = (settings) => serve(settings, 'process');
