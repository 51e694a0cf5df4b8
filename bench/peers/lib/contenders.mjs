/**
 * Who is measured: `module` and `entry` name the function in contenders/ that serves it, `packages` is what its users install.
 */
const OURS = [
  'routing-controllers-oauth2',
  'routing-controllers',
  '@koa/router',
  'koa',
  'koa-bodyparser',
  'class-transformer',
];
const OURS_PACKAGES = [...OURS, 'class-validator', 'reflect-metadata', 'objection', 'knex', 'mysql2', 'ioredis'];
const BY_HAND_PACKAGES = [
  ...['routing-controllers', '@koa/router', 'koa', 'koa-bodyparser', 'class-transformer', 'class-validator'],
  ...['reflect-metadata', 'mysql2', 'ioredis', 'rate-limiter-flexible', 'lru-cache'],
];
const NEST_PACKAGES = [
  ...['@nestjs/common', '@nestjs/core', '@nestjs/throttler', '@nest-lab/throttler-storage-redis', 'reflect-metadata'],
  ...['rxjs', 'mysql2', 'ioredis', 'lru-cache'],
];
const KOA_PACKAGES = ['koa', 'koa-router-15', '@node-oauth/oauth2-server', 'rate-limiter-flexible'];
const EXPRESS_PACKAGES = ['express', 'passport', 'passport-http-bearer', 'express-rate-limit', 'rate-limit-redis'];
const STORES = ['mysql2', 'ioredis', 'lru-cache'];

export const CONTENDERS = {
  ours: { module: 'ours', entry: 'ours', label: 'ours, with Redis', limiter: 'leases', packages: OURS_PACKAGES },
  'ours-again': { module: 'ours', entry: 'ours', label: 'ours against itself (the noise of this table)' },
  'ours-no-redis': { module: 'ours', entry: 'oursWithoutRedis', label: 'ours, without Redis' },
  'ours-no-redis-again': {
    ...{ module: 'ours', entry: 'oursWithoutRedis' },
    label: 'ours against itself (the noise of this table)',
  },
  'ours-unthrottled': {
    ...{ module: 'ours', entry: 'oursUnthrottled', label: 'ours, guard alone' },
    unthrottled: true,
  },
  'ours-every-failure': {
    ...{ module: 'ours', entry: 'oursUnlimitedFailures' },
    label: 'ours, `failedAuthentication: null`: each answer is 401',
  },
  'ours-redis-engine': {
    ...{ module: 'ours', entry: 'oursRedisEngine' },
    label: 'ours, `redisEngine` (a Redis call per request, as the peers)',
  },
  'ours-memory': { module: 'ours', entry: 'oursMemoryEngine', label: 'ours, counted in this process alone' },
  'ours-jwt': { module: 'ours', entry: 'oursJwt', label: 'ours, `jwtTokens`' },
  'ours-jwt-again': { module: 'ours', entry: 'oursJwt', label: 'ours against itself (the noise of this table)' },
  http: { module: 'floor', entry: 'http', label: 'floor: bare node:http, no guard', unguarded: true, packages: [] },
  koa: { module: 'floor', entry: 'koa', label: 'floor: bare Koa, no guard', unguarded: true, packages: ['koa'] },
  express: {
    ...{ module: 'express', entry: 'express5', label: 'Express 5, passport', limiter: 'express-rate-limit' },
    packages: [...EXPRESS_PACKAGES, ...STORES],
  },
  'express-lru': {
    ...{
      module: 'express',
      entry: 'express5Lru',
      label: 'Express 5, passport, lru-cache 1 s',
      limiter: 'express-rate-limit',
    },
    packages: [...EXPRESS_PACKAGES, ...STORES],
  },
  'nest-express': {
    ...{ module: 'nest', entry: 'nestExpress', label: 'NestJS 11 on Express', limiter: '@nestjs/throttler' },
    packages: [...NEST_PACKAGES, '@nestjs/platform-express'],
  },
  'nest-fastify-lru': {
    ...{
      module: 'nest',
      entry: 'nestFastifyLru',
      label: 'NestJS 11 on Fastify, lru-cache 1 s',
      limiter: '@nestjs/throttler',
    },
    packages: [...NEST_PACKAGES, '@nestjs/platform-fastify'],
  },
  fastify: {
    ...{
      module: 'fastify',
      entry: 'fastify5',
      label: 'Fastify 5, @fastify/bearer-auth',
      limiter: '@fastify/rate-limit',
    },
    packages: ['fastify', '@fastify/bearer-auth', '@fastify/rate-limit', ...STORES],
  },
  'fastify-lru': {
    ...{
      module: 'fastify',
      entry: 'fastify5Lru',
      label: 'Fastify 5, own hook, lru-cache 1 s',
      limiter: '@fastify/rate-limit',
    },
    packages: ['fastify', '@fastify/rate-limit', ...STORES],
  },
  'fastify-lru-flexible': {
    ...{ module: 'fastify', entry: 'fastify5LruFlexible' },
    label: 'Fastify 5, own hook, lru-cache 1 s',
    limiter: 'rate-limiter-flexible',
    packages: ['fastify', 'rate-limiter-flexible', ...STORES],
  },
  'fastify-lru-memory': {
    ...{ module: 'fastify', entry: 'fastify5LruMemory' },
    label: 'Fastify 5, own hook, lru-cache 1 s',
    limiter: '@fastify/rate-limit, counted in this process alone',
    packages: ['fastify', '@fastify/rate-limit', 'mysql2', 'lru-cache'],
  },
  'koa-oauth2-server': {
    ...{ module: 'koa-oauth2-server', entry: 'koaOAuth2Server' },
    label: 'Koa 3, @node-oauth/oauth2-server',
    limiter: 'rate-limiter-flexible',
    packages: [...KOA_PACKAGES, ...STORES],
  },
  'koa-oauth2-server-lru': {
    ...{ module: 'koa-oauth2-server', entry: 'koaOAuth2ServerLru' },
    label: 'Koa 3, @node-oauth/oauth2-server, lru-cache 1 s',
    limiter: 'rate-limiter-flexible',
    packages: [...KOA_PACKAGES, ...STORES],
  },
  'by-hand': {
    ...{
      module: 'routing-controllers',
      entry: 'byHand',
      label: 'routing-controllers by hand',
      limiter: 'rate-limiter-flexible',
    },
    packages: BY_HAND_PACKAGES,
  },
  'by-hand-redis': {
    ...{ module: 'routing-controllers', entry: 'byHandRedis' },
    label: 'routing-controllers by hand, tokens cached in Redis 60 s',
    limiter: 'rate-limiter-flexible',
    packages: BY_HAND_PACKAGES,
  },
  'by-hand-lru': {
    ...{ module: 'routing-controllers', entry: 'byHandLru' },
    label: 'routing-controllers by hand, without class-transformer, lru-cache 1 s',
    limiter: 'rate-limiter-flexible',
    packages: BY_HAND_PACKAGES,
  },
  'express-jwt': {
    ...{ module: 'express-jwt', entry: 'expressJwt', label: 'Express 5, express-oauth2-jwt-bearer' },
    packages: ['express', 'express-oauth2-jwt-bearer'],
  },
  'koa-jose': {
    ...{ module: 'koa-jose', entry: 'koaJose', label: 'Koa 3, a middleware on jose' },
    packages: ['koa', 'koa-router-15', 'jose'],
  },
  'koa-jose-lru': {
    ...{ module: 'koa-jose', entry: 'koaJoseLru', label: 'Koa 3, a middleware on jose, lru-cache' },
    packages: ['koa', 'koa-router-15', 'jose', 'lru-cache'],
  },
  'fastify-jwt': {
    ...{
      module: 'fastify-jwt',
      entry: 'fastifyJwks',
      label: 'Fastify 5, @fastify/jwt with its cache, get-jwks (converts the key for each request)',
    },
    packages: ['fastify', '@fastify/jwt', 'get-jwks'],
  },
  'fastify-jwt-static': {
    ...{ module: 'fastify-jwt', entry: 'fastifyStaticKey' },
    label: 'Fastify 5, @fastify/jwt with its cache keyed by the token, one key read at start-up',
    packages: ['fastify', '@fastify/jwt'],
  },
};

/** The name of a contender where it throttles, or does not. */
export function labelOf(contender, { throttled }) {
  const { label, limiter } = CONTENDERS[contender];
  return throttled && limiter !== undefined ? `${label}, ${limiter}` : label;
}

/** Each without a cache of tokens, then with one. */
export const PEERS = [
  ...['express', 'express-lru', 'nest-express', 'nest-fastify-lru', 'fastify', 'fastify-lru'],
  ...['koa-oauth2-server', 'koa-oauth2-server-lru', 'by-hand', 'by-hand-redis', 'by-hand-lru'],
];

/** One of each framework, in the form that is fastest where tokens come again. */
export const CACHING_PEERS = [
  ...['express-lru', 'nest-fastify-lru', 'fastify-lru', 'koa-oauth2-server-lru', 'by-hand-lru'],
];

export const JWT_PEERS = ['express-jwt', 'koa-jose', 'koa-jose-lru', 'fastify-jwt', 'fastify-jwt-static'];
