export type { RedisClient } from '../../core/redis-client.js';
export type { CacheOptions, LocalTokenCacheOptions } from './cache-options.js';
export { createTokenCache, type TokenCacheOptions } from './create-token-cache.js';
export { localTokenCache } from './local-token-cache.js';
export { type SharedTokenCacheOptions, sharedTokenCache } from './shared-token-cache.js';
export type { Invalidation, LookUp, SharedBy, TokenCache } from './token-cache.js';
export type { LoadUser } from './user-loads.js';
