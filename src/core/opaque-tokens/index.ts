export { type OpaqueTokenOptions, type OpaqueTokenSettings, readOpaqueTokenOptions } from './opaque-token-options.js';
export { OpaqueTokens, type StoredTokenCheck } from './opaque-tokens.js';
