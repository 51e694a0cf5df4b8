import { optionPath, refuseOption, refuseUnknown } from '../core/options/index.js';

/** The names of the tables, by what they hold. */
export interface TableNames {
  /** The table of applications. */
  readonly applications: string;
  /** The table of access tokens. */
  readonly accessTokens: string;
  /** The table of refresh tokens. */
  readonly refreshTokens: string;
  /** The table of authorization codes. */
  readonly authorizationCodes: string;
  /** The table of device codes. */
  readonly deviceCodes: string;
  /** The table of consents. */
  readonly consents: string;
  /** The table of signing keys. */
  readonly signingKeys: string;
  /** The table of what the authorization server remembers besides. */
  readonly serverRecords: string;
}

/** The names that the tables have unless the host's models say otherwise. */
export const DEFAULT_TABLE_NAMES: TableNames = Object.freeze({
  applications: 'oauth2_applications',
  accessTokens: 'oauth2_access_tokens',
  refreshTokens: 'oauth2_refresh_tokens',
  authorizationCodes: 'oauth2_authorization_codes',
  deviceCodes: 'oauth2_device_codes',
  consents: 'oauth2_consents',
  signingKeys: 'oauth2_signing_keys',
  serverRecords: 'oauth2_server_records',
});

/**
 * A name that needs no quotes, and leaves room for the index names that are derived from it: PostgreSQL truncates
 * identifiers to 63 characters.
 */
const TABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,31}$/;

/**
 * Completes table names with the defaults.
 *
 * @throws ConfigurationError if a name is invalid, or two tables have the same name
 */
export function completeTableNames(names: Partial<TableNames> = {}): TableNames {
  const complete: TableNames = { ...DEFAULT_TABLE_NAMES, ...definedOnly(names) };
  const seen = new Map<string, string>();
  for (const [table, name] of Object.entries(complete)) {
    if (!Object.hasOwn(DEFAULT_TABLE_NAMES, table)) {
      refuseUnknown('tables', table, Object.keys(DEFAULT_TABLE_NAMES));
    }
    if (typeof name !== 'string' || !TABLE_NAME.test(name)) {
      refuseOption(optionPath('tables', table), name, 'use at most 32 letters, digits and underscores');
    }
    const other = seen.get(name.toLowerCase());
    if (other !== undefined) {
      refuseOption(optionPath('tables', table), name, `tables.${other} has the same name; give each its own`);
    }
    seen.set(name.toLowerCase(), table);
  }
  return Object.freeze(complete);
}

function definedOnly(names: Partial<TableNames>): Partial<TableNames> {
  return Object.fromEntries(Object.entries(names).filter(([, name]) => name !== undefined));
}
