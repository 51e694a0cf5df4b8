export type { BrowserSession, BrowserSessionPage } from '../core/browser-session.js';
export type { Authentication, Authenticator } from './authentication/authenticator.js';
export type { BearerTokenLocations } from './authentication/bearer-token.js';
export { endSession, type SessionOptions, startSession } from './authentication/session.js';
export { BrowserSessions, type EndedSessions } from './browser-sessions.js';
export type { Invalidation, TokenCache } from './cache/token-cache.js';
export type { ErrorBody } from './error-response.js';
export type { ActiveInspection, InactiveInspection, Inspection } from './inspection.js';
export * from './permissions/index.js';
export { RequestAccess } from './request-access.js';
export {
  type ApplicationReference,
  type IssuedToken,
  type IssueOptions,
  type RevokedOwner,
  type TokenOwner,
  TokenService,
  type UserReference,
} from './token-service.js';
export type { TokenVerifier } from './verifiers/verifier.js';
