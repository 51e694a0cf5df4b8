export type { JwtAlgorithm } from './jwt-algorithms.js';
export type { JwtTokensOptions } from './jwt-options.js';
export { jwtTokens } from './jwt-tokens.js';
