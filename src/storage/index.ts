/**
 * Storage: the database, its tables, and what is done with the tokens and applications in them.
 *
 * The models can be extended by the host; see `completeModels`.
 */

export {
  checkHostConnection,
  type Database,
  type Dialect,
  dialectOf,
  type OpenDatabaseOptions,
  openDatabase,
} from './database.js';
export { isMissingReference } from './database-errors.js';
export { admitUncheckedTokens, readDatabaseIdentity, readTokenCheck } from './database-identity.js';
export { DatabaseIdentitySource } from './database-identity-source.js';
export { type BoundedDatabase, boundsOf, type ConnectionBreaker, type PoolReading, poolOf } from './deadlines/index.js';
export {
  type ImportedApplication,
  ImportedApplications,
  type ImportedSecret,
} from './imports/imported-applications.js';
export type { ImportedGrant } from './imports/imported-grants.js';
export {
  type ImportedAccessToken,
  type ImportedBatch,
  type ImportedRefreshToken,
  ImportedTokens,
  type ImportOutcome,
} from './imports/imported-tokens.js';
export { MIGRATIONS_TABLE } from './migrations/bookkeeping.js';
export { type RollbackLosses, rollbackLosses } from './migrations/losses.js';
export { type MigrateOptions, migrate, releaseMigrationLock, rollback } from './migrations/migrate-and-rollback.js';
export { SchemaCheck } from './migrations/schema-check.js';
export { MIGRATION_NAMES, SCHEMA_VERSION } from './migrations/source.js';
export { assertMigrated, type MigrationStatus, migrationStatus } from './migrations/status.js';
export { AccessToken } from './models/access-token.js';
export { Application, type CreateApplicationOptions } from './models/application.js';
export type { ApplicationKeys, PublicKeySet } from './models/application-keys.js';
export { type ApplicationLifetimes, LIFETIME_NAMES, longestLifetimeSeconds } from './models/application-lifetimes.js';
export { LONGEST_OVERLAP_SECONDS } from './models/application-secrets.js';
export { AuthorizationCode } from './models/authorization-code.js';
export type { ClientType } from './models/client-type.js';
export { Consent } from './models/consent.js';
export { DeviceCode } from './models/device-code.js';
export {
  type ApplicationPatch,
  type ApplicationRules,
  applicationColumns,
  GRANT_TYPES,
  type GrantType,
  isApplicationName,
  type NewApplication,
} from './models/new-application.js';
export { bindModels, completeModels, DEFAULT_MODELS, type OAuth2Models, tableNamesOf } from './models/oauth2-models.js';
export { CLIENT_ASSERTION_ALGORITHMS, ID_TOKEN_ALGORITHMS, type ProtocolMetadata } from './models/protocol-metadata.js';
export { RefreshToken } from './models/refresh-token.js';
export { isTrusted, type Registrar, registrarOf } from './models/registrar.js';
export {
  allowedGrantTypes,
  allowedScopes,
  type RegistrationLimit,
  type RegistrationLimits,
} from './models/registration-limits.js';
export { ServerRecord } from './models/server-record.js';
export { SigningKey } from './models/signing-key.js';
export { StoredModel } from './models/stored-model.js';
export { StoredToken } from './models/stored-token.js';
export { type ObjectionUserStoreOptions, objectionUserStore } from './objection-user-store.js';
export { onUnreadableRows } from './readable-rows.js';
export type { DocumentedApplication } from './repositories/application-documents.js';
export {
  ApplicationRepository,
  type ApplicationRepositoryOptions,
  type CreatedApplication,
  type OwnerOption,
  type SecretOverlapOption,
} from './repositories/application-repository.js';
export type { ApplicationFilter } from './repositories/application-search.js';
export { type ClearedTrust, trustIn } from './repositories/application-trust.js';
export { CodeRepository, type DeviceCodeDecision } from './repositories/code-repository.js';
export { ConsentRepository, type GrantedConsent } from './repositories/consent-repository.js';
export type { ClearExpiredOptions, ClearExpiredProgress, ClearExpiredResult } from './repositories/expired-rows.js';
export {
  type ExchangeOutcome,
  type ExchangeSource,
  FamilyRepository,
  type NewRefreshToken,
  type NewTokens,
} from './repositories/family-repository.js';
export type { OfClient } from './repositories/of-client.js';
export type { Page } from './repositories/page.js';
export { GRANT_KIND, type SavedRecord, ServerRecordRepository } from './repositories/server-record-repository.js';
export {
  type BegunSession,
  SESSION_KIND,
  type SessionPage,
  SessionRepository,
  type StoredSession,
} from './repositories/session-repository.js';
export { type KeptSharedCacheNote, type SharedCacheNote, SharedCacheNotes } from './repositories/shared-cache-notes.js';
export { type NewSigningKey, SigningKeyRepository } from './repositories/signing-key-repository.js';
export type { TokenOwner } from './repositories/token-owner.js';
export {
  type EndingSessions,
  type NewAccessToken,
  type RevokedTokens,
  TokenRepository,
} from './repositories/token-repository.js';
export {
  cursorAfter,
  type FoundToken,
  isHashPrefix,
  type StoredTokenKind,
  type TokenCursor,
  type TokenFilter,
  type TokenPage,
  TokenSearch,
} from './repositories/token-search.js';
export { isRefusal, startUpError } from './start-up-errors.js';
export { completeTableNames, DEFAULT_TABLE_NAMES, type TableNames } from './tables.js';
export { createTokenReader, type TokenReader, type TokenReaderOptions } from './token-reader.js';
export { type AccessTokenRow, bindingOf } from './token-row.js';
export {
  type ApplicationToken,
  createTokenWriter,
  type SecretProof,
  type TokenWriter,
  type TokenWriterDependencies,
} from './token-writer.js';
