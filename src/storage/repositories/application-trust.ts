import { formatScope, parseScope } from '../../core/scopes.js';
import type { Application } from '../models/application.js';
import type { ApplicationColumns } from '../models/new-application.js';
import { registrarOf } from '../models/registrar.js';

/** What staff can trust an application with. */
export type ClearedTrust =
  /** Its users were not asked for consent. */
  | 'skipAuthorization'
  /** It could introspect tokens of other applications, by its flag or by the scope `introspection`. */
  | 'mayIntrospect'
  /** It counted as registered by staff, so that the limits for users' applications did not apply to it. */
  | 'registeredBy';

/** With this scope an application may read the tokens of all others. */
const INTROSPECTION = 'introspection';

type TrustColumns = Partial<
  Pick<
    Application,
    | 'registeredBy'
    | 'skipAuthorization'
    | 'mayIntrospect'
    | 'approvedScope'
    | 'approvedGrantTypes'
    | 'trustClearedAtMilliseconds'
  >
>;

/** The consequences of an edit. */
export interface Edit {
  readonly columns: TrustColumns;
  readonly cleared: readonly ClearedTrust[];
}

/** What staff trusts an application with. */
export function trustIn(stored: Application): readonly ClearedTrust[] {
  return [
    ...(stored.skipAuthorization ? (['skipAuthorization'] as const) : []),
    ...(stored.mayIntrospect || approvedScopes(stored).includes(INTROSPECTION) ? (['mayIntrospect'] as const) : []),
    ...(registrarOf(stored) === 'host' ? (['registeredBy'] as const) : []),
  ];
}

function approvedScopes(stored: Application): readonly string[] {
  return parseScope((registrarOf(stored) === 'host' ? stored.scope : stored.approvedScope) ?? '');
}

/**
 * The consequences of an edit by the owner. Staff trusted what it saw: if anything but the name changes, the trust
 * ends. Scopes and grant types that staff approved stay, except the scope that gives access to others' tokens.
 */
export function ownersEdit(stored: Application, columns: Partial<ApplicationColumns>, nowMilliseconds: number): Edit {
  const names = Object.keys(columns) as (keyof ApplicationColumns)[];
  const changes = names.some((name) => name !== 'name' && (columns[name] ?? null) !== (stored[name] ?? null));
  if (!changes) return { columns: {}, cleared: [] };
  const byHost = registrarOf(stored) === 'host';
  const approved = approvedScopes(stored);
  const cleared = trustIn(stored);
  return {
    columns: {
      skipAuthorization: false,
      mayIntrospect: false,
      registeredBy: byHost ? 'owner' : registrarOf(stored),
      approvedScope: textOrNull(approved.filter((scope) => scope !== INTROSPECTION)),
      approvedGrantTypes: byHost ? stored.grantTypes : stored.approvedGrantTypes,
      ...(cleared.length > 0 && { trustClearedAtMilliseconds: nowMilliseconds }),
    },
    cleared,
  };
}

/** The consequences of an edit by staff, the command line or the host's code. */
export function staffsColumns(stored: Application, columns: Partial<ApplicationColumns>): TrustColumns {
  const registeredBy = columns.registeredBy ?? registrarOf(stored);
  const decidesTrust = columns.skipAuthorization !== undefined || columns.mayIntrospect !== undefined;
  return {
    // A row that is older than this column keeps its registrar, even if it gets another owner.
    registeredBy,
    ...(registeredBy !== 'host' && columns.scope !== undefined && { approvedScope: columns.scope }),
    ...(registeredBy !== 'host' && columns.grantTypes !== undefined && { approvedGrantTypes: columns.grantTypes }),
    ...((decidesTrust || columns.registeredBy !== undefined) && { trustClearedAtMilliseconds: null }),
  };
}

function textOrNull(scopes: readonly string[]): string | null {
  return scopes.length === 0 ? null : formatScope(scopes);
}
