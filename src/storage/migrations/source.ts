import { ConfigurationError } from '../../core/errors.js';
import type { TableNames } from '../tables.js';
import { applicationsAndTokens } from './0001-applications-and-tokens.js';
import { authorizationServer } from './0002-authorization-server.js';
import { authorizationServerRecords } from './0003-authorization-server-records.js';
import { databaseIdentity } from './0004-database-identity.js';
import { revocations } from './0005-revocations.js';
import { registrars } from './0006-registrars.js';
import { protocolMetadata } from './0007-protocol-metadata.js';
import { applicationLifetimes } from './0008-application-lifetimes.js';
import { allowedOrigins } from './0009-allowed-origins.js';
import { sessions } from './0010-sessions.js';
import { metadataDocuments } from './0011-metadata-documents.js';
import { checkedTokens } from './0012-checked-tokens.js';
import { certificateBoundTokens } from './0013-certificate-bound-tokens.js';
import { indexesOfOwners } from './0014-indexes-of-owners.js';
import { type PackagedMigration, type SchemaChange, schemaVersionOf } from './packaged-migration.js';

/** All migrations, in their order. */
export const MIGRATIONS: readonly PackagedMigration[] = [
  { name: '0001_applications_and_tokens', oldestCompatibleVersion: 1, change: applicationsAndTokens },
  { name: '0002_authorization_server', oldestCompatibleVersion: 1, change: authorizationServer },
  // Version 2 stores signing keys without a generation, which must be unique from here on.
  { name: '0003_authorization_server_records', oldestCompatibleVersion: 3, change: authorizationServerRecords },
  { name: '0004_database_identity', oldestCompatibleVersion: 3, change: databaseIdentity },
  { name: '0005_revocations', oldestCompatibleVersion: 3, change: revocations },
  { name: '0006_registrars', oldestCompatibleVersion: 3, change: registrars },
  { name: '0007_protocol_metadata', oldestCompatibleVersion: 3, change: protocolMetadata },
  { name: '0008_application_lifetimes', oldestCompatibleVersion: 3, change: applicationLifetimes },
  { name: '0009_allowed_origins', oldestCompatibleVersion: 3, change: allowedOrigins },
  { name: '0010_sessions', oldestCompatibleVersion: 3, change: sessions },
  { name: '0011_metadata_documents', oldestCompatibleVersion: 3, change: metadataDocuments },
  { name: '0012_checked_tokens', oldestCompatibleVersion: 3, change: checkedTokens },
  { name: '0013_certificate_bound_tokens', oldestCompatibleVersion: 3, change: certificateBoundTokens },
  { name: '0014_indexes_of_owners', oldestCompatibleVersion: 3, change: indexesOfOwners },
];

/** The names of all migrations of this version, in their order. */
export const MIGRATION_NAMES: readonly string[] = MIGRATIONS.map(({ name }) => name);

/** The schema version of this package: the number of its last migration. */
export const SCHEMA_VERSION = Math.max(...MIGRATION_NAMES.map(schemaVersionOf));

/**
 * The change of a migration.
 *
 * @throws ConfigurationError if this version does not know it
 */
export function changeOf(name: string, tables: TableNames): SchemaChange {
  const migration = MIGRATIONS.find((candidate) => candidate.name === name);
  if (migration !== undefined) return migration.change(tables);
  throw new ConfigurationError(
    `The migration ${name} is of a newer version of routing-controllers-oauth2; only that version can finish or undo it.`,
  );
}
