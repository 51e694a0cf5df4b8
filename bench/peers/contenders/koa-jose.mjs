/** Koa 3, @koa/router and a middleware of a few lines on jose. */
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import Koa from 'koa';
import Router from 'koa-router-15';
import { LRUCache } from 'lru-cache';
import { listen } from './shared/listen.mjs';
import { bearerOf } from './shared/token-store.mjs';

function serve({ jwt: { issuer, audience, jwksUri, algorithm }, cacheEntries = 10_000 }, cached) {
  const keys = createRemoteJWKSet(new URL(jwksUri));
  const rules = { issuer, audience, typ: 'at+jwt', algorithms: [algorithm] };
  const verify = async (token) => {
    const { payload } = await jwtVerify(token, keys, rules);
    return { user: payload.sub, scopes: payload.scope.split(' '), expiresAt: payload.exp * 1000 };
  };
  const held = cached ? new LRUCache({ max: cacheEntries }) : undefined;
  const router = new Router();
  router.get('/resource', authenticate({ verify, held }), requireScope('api'), (context) => {
    context.body = { ok: true, user: context.state.token.user };
  });
  const app = new Koa();
  app.use(router.routes());
  return listen(app.callback());
}

function authenticate({ verify, held }) {
  return async (context, next) => {
    const token = bearerOf(context.headers.authorization);
    if (token === undefined) return refuse(context, 401, 'Bearer');
    let known = held?.get(token);
    if (known === undefined) {
      try {
        known = await verify(token);
      } catch (error) {
        if (!(error instanceof errors.JOSEError)) throw error;
        return refuse(context, 401, 'Bearer error="invalid_token"');
      }
      held?.set(token, known);
    }
    if (known.expiresAt <= Date.now()) return refuse(context, 401, 'Bearer error="invalid_token"');
    context.state.token = known;
    return next();
  };
}

function requireScope(scope) {
  return (context, next) => {
    if (context.state.token.scopes.includes(scope)) return next();
    return refuse(context, 403, 'Bearer error="insufficient_scope"');
  };
}

function refuse(context, status, challenge) {
  context.status = status;
  context.set('WWW-Authenticate', challenge);
  context.body = { error: status === 403 ? 'insufficient_scope' : 'invalid_token' };
}

export const koaJose = (settings) => serve(settings, false);
/** What is verified is held until it expires. */
export const koaJoseLru = (settings) => serve(settings, true);
