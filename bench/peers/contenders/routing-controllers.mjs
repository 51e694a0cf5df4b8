/**
 * routing-controllers' own createKoaServer with a checker written by hand, and rate-limiter-flexible in it: what an
 * application writes that does not use our package.
 */
import 'reflect-metadata';
import {
  Authorized,
  CurrentUser,
  createKoaServer,
  Get,
  HttpError,
  JsonController,
  UnauthorizedError,
} from 'routing-controllers';
import { decorateClass, decorateMethod, decorateParameter } from './shared/decorate.mjs';
import { isRefusal, limitFields, redisLimiter, retryAfter } from './shared/limiter.mjs';
import { closing, listen } from './shared/listen.mjs';
import { openRedis } from './shared/redis.mjs';
import { bearerOf, tokenStore } from './shared/token-store.mjs';

class ResourceController {
  read(user) {
    return { ok: true, user: user.id };
  }
}
decorateParameter(ResourceController, 'read', 0, CurrentUser());
decorateMethod(ResourceController, 'read', Authorized(['api']), Get('/resource'));
decorateClass(ResourceController, JsonController());

async function serve(settings, cache, options = {}) {
  const { prefix, limit } = settings;
  const redis = limit === undefined && cache !== 'redis' ? undefined : await openRedis(settings.redis);
  const store = tokenStore({ ...settings, cache, redis });
  const limiter = limit === undefined ? undefined : redisLimiter({ redis, limit, prefix });

  async function authorizationChecker({ context }, scopes) {
    const token = bearerOf(context.headers.authorization);
    let found = token === undefined ? undefined : store.find(token);
    if (found instanceof Promise) found = await found;
    if (found === undefined) throw new UnauthorizedError();
    // Answered with 403.
    if (!scopes.every((scope) => found.scopes.includes(scope))) return false;
    if (limiter !== undefined) await spend(context, found.user);
    context.state.user = { id: found.user };
    return true;
  }

  async function spend(context, user) {
    try {
      context.set(limitFields(limit, await limiter.consume(user)));
    } catch (reason) {
      if (!isRefusal(reason)) throw reason;
      context.set({ ...limitFields(limit, reason), 'Retry-After': retryAfter(reason) });
      throw new HttpError(429, 'Too many requests.');
    }
  }

  const koa = createKoaServer({
    controllers: [ResourceController],
    authorizationChecker,
    currentUserChecker: ({ context }) => context.state.user,
    ...options,
  });
  return listen(koa.callback(), closing(store, redis));
}

export const byHand = (settings) => serve(settings, 'none');
export const byHandRedis = (settings) => serve(settings, 'redis');
/** With all that makes routing-controllers itself faster. */
export const byHandLru = (settings) => serve(settings, 'process', { classTransformer: false, validation: false });
