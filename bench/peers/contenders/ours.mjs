/** routing-controllers-oauth2, as its README shows it. */
import 'reflect-metadata';
import { Authorized, CurrentUser, Get, JsonController } from 'routing-controllers';
import { createOAuth2, jwtTokens, Throttle } from 'routing-controllers-oauth2';
import { decorateClass, decorateMethod, decorateParameter } from './shared/decorate.mjs';
import { listen } from './shared/listen.mjs';

function controllerOf(throttled) {
  class ResourceController {
    read(user) {
      // The user of a JWT belongs to its issuer, and has a subject there.
      return { ok: true, user: user.id ?? user.subject };
    }
  }
  decorateParameter(ResourceController, 'read', 0, CurrentUser());
  const decorators = [Authorized(['api']), ...(throttled ? [Throttle('user')] : []), Get('/resource')];
  decorateMethod(ResourceController, 'read', ...decorators);
  return decorateClass(ResourceController, JsonController());
}

async function serve(settings, { engine, failedAuthentication, verifiers } = {}) {
  const { database, redis, prefix, limit, deadline, cacheEntries } = settings;
  const throttled = limit !== undefined;
  const oauth2 = createOAuth2({
    ...{ database, redis, keyPrefix: prefix, verifiers },
    throttling: {
      ...{ policies: throttled ? { user: `${limit}/hour` } : {}, engine, failedAuthentication },
      ...withDeadline(deadline),
    },
    ...(cacheEntries === undefined ? {} : { cache: { maxEntries: cacheEntries } }),
  });
  const koa = oauth2.createKoaServer({ controllers: [controllerOf(throttled)] });
  await oauth2.ready();
  return listen(koa.callback(), async () => {
    await oauth2.close();
    await engine?.close?.();
  });
}

/** Its own default, unless the machine is too busy to keep it. */
function withDeadline(deadlineMilliseconds) {
  return deadlineMilliseconds === undefined ? {} : { deadlineMilliseconds };
}

/** With Redis: shared token cache, and leases where it is throttled. */
export const ours = (settings) => serve(settings);

/** Without Redis: tokens are held for a second. */
export const oursWithoutRedis = (settings) => serve({ ...settings, redis: undefined });

/** The same with no throttle on the action, whatever the mode. */
export const oursUnthrottled = (settings) => serve({ ...settings, limit: undefined });

/** Without the budget of failed authentications, so that each invalid token is answered with 401. */
export const oursUnlimitedFailures = (settings) => serve(settings, { failedAuthentication: null });

/** Each decision is made in Redis, as the peers do it. */
export async function oursRedisEngine(settings) {
  const { redisEngine } = await import('routing-controllers-oauth2/throttling');
  const { redis, prefix, deadline } = settings;
  return serve(settings, {
    engine: redisEngine({ redis, keyPrefix: `${prefix}throttle:`, ...withDeadline(deadline) }),
  });
}

/** Counted in this process alone. */
export async function oursMemoryEngine(settings) {
  const { memoryEngine } = await import('routing-controllers-oauth2/throttling');
  return serve(settings, { engine: memoryEngine() });
}

/** JWT access tokens alone; without Redis, since they are cached by the process that has verified them. */
export function oursJwt(settings) {
  const { issuer, audience, jwksUri } = settings.jwt;
  return serve(
    { ...settings, redis: undefined },
    { verifiers: [jwtTokens({ issuer, audience, jwksUri, allowHttpOnLoopback: true })] },
  );
}
