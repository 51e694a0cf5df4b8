/** Koa 3, @koa/router, `authenticate` of @node-oauth/oauth2-server on a model of its own, rate-limiter-flexible. */
import OAuth2Server from '@node-oauth/oauth2-server';
import Koa from 'koa';
import Router from 'koa-router-15';
import { isRefusal, limitFields, redisLimiter, retryAfter } from './shared/limiter.mjs';
import { closing, listen } from './shared/listen.mjs';
import { openRedis } from './shared/redis.mjs';
import { tokenStore } from './shared/token-store.mjs';

const { OAuthError, Request, Response } = OAuth2Server;

async function serve(settings, cache) {
  const { prefix, limit } = settings;
  const redis = limit === undefined ? undefined : await openRedis(settings.redis);
  const store = tokenStore({ ...settings, cache });
  const server = new OAuth2Server({ model: modelOf(store) });
  const router = new Router();
  const chain = [authenticate(server, 'api')];
  if (limit !== undefined) chain.push(throttle(redisLimiter({ redis, limit, prefix }), limit));
  router.get('/resource', ...chain, (context) => {
    context.body = { ok: true, user: context.state.token.user.id };
  });
  const app = new Koa();
  app.use(router.routes());
  return listen(app.callback(), closing(store, redis));
}

function modelOf(store) {
  return {
    async getAccessToken(accessToken) {
      const found = await store.find(accessToken);
      if (found === undefined) return undefined;
      return {
        accessToken,
        accessTokenExpiresAt: new Date(found.expiresAt),
        scope: found.scopes,
        client: { id: found.client },
        user: { id: found.user },
      };
    },
    async verifyScope(token, scopes) {
      return scopes.every((scope) => token.scope.includes(scope));
    },
  };
}

/** There is no maintained wrapper for Koa; this is what the one for Express does. */
function authenticate(server, scope) {
  // Two response fields that nobody else here writes.
  const options = { scope: [scope], addAcceptedScopesHeader: false, addAuthorizedScopesHeader: false };
  return async (context, next) => {
    const { headers, method, query } = context;
    const response = new Response({});
    try {
      context.state.token = await server.authenticate(new Request({ headers, method, query }), response, options);
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      context.set(response.headers);
      context.status = error.code;
      context.body = { error: error.name, error_description: error.message };
      return undefined;
    }
    return next();
  };
}

function throttle(limiter, limit) {
  return async (context, next) => {
    try {
      context.set(limitFields(limit, await limiter.consume(context.state.token.user.id)));
    } catch (reason) {
      if (!isRefusal(reason)) throw reason;
      context.set({ ...limitFields(limit, reason), 'Retry-After': retryAfter(reason) });
      context.status = 429;
      context.body = { error: 'too_many_requests' };
      return undefined;
    }
    return next();
  };
}

export const koaOAuth2Server = (settings) => serve(settings, 'none');
export const koaOAuth2ServerLru = (settings) => serve(settings, 'process');
