/** NestJS 11: a guard that reads the scopes of a route by Reflector, @nestjs/throttler on Redis; Express or Fastify below. */
import 'reflect-metadata';
import { ThrottlerStorageRedisService } from '@nest-lab/throttler-storage-redis';
import {
  Controller,
  ForbiddenException,
  Get,
  Inject,
  Injectable,
  Module,
  Req,
  SetMetadata,
  UnauthorizedException,
} from '@nestjs/common';
import { APP_GUARD, NestFactory, Reflector } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { decorateClass, decorateMethod, decorateParameter } from './shared/decorate.mjs';
import { closing } from './shared/listen.mjs';
import { openRedis } from './shared/redis.mjs';
import { bearerOf, tokenStore } from './shared/token-store.mjs';

const TOKEN_STORE = Symbol('token store');
const SCOPES = 'scopes';
const RequiredScopes = (...scopes) => SetMetadata(SCOPES, scopes);

class TokenGuard {
  constructor(reflector, store) {
    this.reflector = reflector;
    this.store = store;
  }

  canActivate(context) {
    const request = context.switchToHttp().getRequest();
    const required = this.reflector.getAllAndOverride(SCOPES, [context.getHandler(), context.getClass()]);
    const token = bearerOf(request.headers.authorization);
    if (token === undefined) throw new UnauthorizedException();
    const found = this.store.find(token);
    if (found instanceof Promise) return found.then((known) => this.judge(request, known, required));
    return this.judge(request, found, required);
  }

  judge(request, token, required) {
    if (token === undefined) throw new UnauthorizedException();
    if (!required.every((scope) => token.scopes.includes(scope))) throw new ForbiddenException();
    request.user = token;
    return true;
  }
}
decorateParameter(TokenGuard, undefined, 0, Inject(Reflector));
decorateParameter(TokenGuard, undefined, 1, Inject(TOKEN_STORE));
decorateClass(TokenGuard, Injectable());

/** The keys of the storage have no prefix by which servers on one Redis could be told apart. */
function throttlerGuardOf(prefix) {
  class UserThrottlerGuard extends ThrottlerGuard {
    async getTracker(request) {
      return prefix + request.user.user;
    }
  }
  return decorateClass(UserThrottlerGuard, Injectable());
}

class ResourceController {
  read(request) {
    return { ok: true, user: request.user.user };
  }
}
decorateParameter(ResourceController, 'read', 0, Req());
decorateMethod(ResourceController, 'read', RequiredScopes('api'), Get());
decorateClass(ResourceController, Controller('resource'));

async function serve(settings, cache, adapter) {
  const { prefix, limit } = settings;
  const redis = limit === undefined ? undefined : await openRedis(settings.redis);
  const store = tokenStore({ ...settings, cache });
  const providers = [
    { provide: TOKEN_STORE, useValue: store },
    { provide: APP_GUARD, useClass: TokenGuard },
  ];
  const imports = [];
  if (limit !== undefined) {
    imports.push(
      ThrottlerModule.forRoot({
        throttlers: [{ ttl: 3_600_000, limit }],
        storage: new ThrottlerStorageRedisService(redis),
      }),
    );
    providers.push({ provide: APP_GUARD, useClass: throttlerGuardOf(prefix) });
  }
  class AppModule {}
  decorateClass(AppModule, Module({ imports, controllers: [ResourceController], providers }));

  const app = await NestFactory.create(AppModule, adapter, { logger: ['error', 'warn'] });
  const instance = app.getHttpAdapter().getInstance();
  // As with Express alone.
  if (adapter instanceof ExpressAdapter) instance.disable('x-powered-by').disable('etag');
  await app.listen(0, '127.0.0.1');
  const closeParts = closing(store, redis);
  return {
    port: app.getHttpServer().address().port,
    async close() {
      app.getHttpServer().closeAllConnections();
      await app.close();
      await closeParts();
    },
  };
}

export const nestExpress = (settings) => serve(settings, 'none', new ExpressAdapter());
export const nestFastifyLru = (settings) => serve(settings, 'process', new FastifyAdapter());
