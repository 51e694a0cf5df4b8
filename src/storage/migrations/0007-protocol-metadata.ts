import type { TableNames } from '../tables.js';
import type { NewColumns } from './columns.js';
import type { SchemaChange } from './packaged-migration.js';

/** The protocol settings that an application has registered (RFC 7591 §2). */
export function protocolMetadata(tables: TableNames): SchemaChange {
  const additions: NewColumns = [
    [
      tables.applications,
      [
        'dpop_bound_access_tokens',
        'require_pushed_authorization_requests',
        'require_auth_time',
        'default_max_age_seconds',
        'id_token_signed_response_alg',
        'token_endpoint_auth_method',
        'token_endpoint_auth_signing_alg',
      ],
      ({ table }) => {
        table.boolean('dpop_bound_access_tokens').notNullable().defaultTo(false);
        table.boolean('require_pushed_authorization_requests').notNullable().defaultTo(false);
        table.boolean('require_auth_time').notNullable().defaultTo(false);
        table.integer('default_max_age_seconds');
        table.string('id_token_signed_response_alg', 16);
        table.string('token_endpoint_auth_method', 32);
        table.string('token_endpoint_auth_signing_alg', 16);
      },
    ],
  ];
  return { columns: additions };
}
