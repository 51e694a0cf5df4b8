import type { Clock } from '../../core/clock.js';
import { ConfigurationError } from '../../core/errors.js';
import { formatScope, parseScope } from '../../core/scopes.js';
import { retryContention } from '../database-errors.js';
import type { Application } from '../models/application.js';
import {
  type ApplicationColumns,
  type ApplicationRules,
  applicationColumns,
  type NewApplication,
} from '../models/new-application.js';
import type { OAuth2Models } from '../models/oauth2-models.js';
import { registrarOf } from '../models/registrar.js';
import { type ClearedTrust, ownersEdit } from './application-trust.js';

/** What a client id metadata document says about its application. */
export interface DocumentedApplication extends NewApplication {
  /** The URL of the document. */
  readonly clientId: string;
}

/** What storing such an application works with. */
export interface DocumentStorage {
  readonly models: OAuth2Models;
  readonly clock: Clock;
  readonly rules: ApplicationRules;
  readonly create: (application: NewApplication) => Promise<{ readonly application: Application }>;
  readonly find: (clientId: string) => Promise<Application | undefined>;
  readonly change: (stored: Application, columns: Readonly<Record<string, unknown>>) => Promise<boolean>;
  readonly trustCleared: (application: Application, cleared: readonly ClearedTrust[]) => void;
}

/** The columns that a document determines. All others are those of staff. */
const DOCUMENTED = [
  'name',
  'clientType',
  'grantTypes',
  'redirectUris',
  'postLogoutRedirectUris',
  'jwks',
  'jwksUri',
  'scope',
  'dpopBoundAccessTokens',
  'requirePushedAuthorizationRequests',
  'requireAuthTime',
  'defaultMaxAgeSeconds',
  'idTokenSignedResponseAlg',
  'tokenEndpointAuthSigningAlg',
] as const satisfies readonly (keyof ApplicationColumns)[];

/**
 * Stores what a document says: registers its application, or changes it if the document has changed. A change is an edit
 * by the owner: it ends what staff has trusted. Staff's approvals, lifetimes and disabling stay.
 *
 * @returns the application; `undefined` if the identifier belongs to an application that no document registered
 * @throws ConfigurationError if the application is invalid
 */
export async function storeDocumented(
  storage: DocumentStorage,
  application: DocumentedApplication,
  expiresAtMilliseconds: number,
): Promise<Application | undefined> {
  const stored = await storage.find(application.clientId);
  if (stored === undefined) return register(storage, application, expiresAtMilliseconds);
  if (registrarOf(stored) !== 'document') return undefined;
  const columns = documentedColumns(stored, applicationColumns(application, storage.rules));
  const { clock } = storage;
  if (Object.keys(columns).length > 0) {
    const edit = ownersEdit(stored, columns, clock.nowMilliseconds());
    // If another process has changed it meanwhile, it has read the document too.
    const changed = await storage.change(stored, { ...columns, ...edit.columns });
    if (changed && edit.cleared.length > 0) storage.trustCleared(stored, edit.cleared);
  }
  await keepUntil(storage, stored, expiresAtMilliseconds);
  return storage.find(application.clientId);
}

async function register(
  storage: DocumentStorage,
  application: DocumentedApplication,
  expiresAtMilliseconds: number,
): Promise<Application | undefined> {
  try {
    const { application: created } = await storage.create(application);
    await keepUntil(storage, created, expiresAtMilliseconds);
    return created;
  } catch (error) {
    // Another process has registered it meanwhile.
    const found = error instanceof ConfigurationError ? await storage.find(application.clientId) : undefined;
    if (found === undefined) throw error;
    return registrarOf(found) === 'document' ? found : undefined;
  }
}

/** Does not count as a change of the application. */
function keepUntil({ models }: DocumentStorage, { id }: Application, milliseconds: number): Promise<number> {
  return retryContention(async () =>
    models.Application.query().where('id', id).patch({ metadataExpiresAtMilliseconds: milliseconds }),
  );
}

/** The columns in which a document differs from what is stored. What staff approved beyond the document stays. */
function documentedColumns(stored: Application, columns: ApplicationColumns): Partial<ApplicationColumns> {
  const approved = (column: string | null | undefined) => parseScope(column ?? '');
  const scopes = new Set([...parseScope(columns.scope ?? ''), ...approved(stored.approvedScope)]);
  const grantTypes = new Set([...parseScope(columns.grantTypes), ...approved(stored.approvedGrantTypes)]);
  const wanted = {
    ...columns,
    scope: formatScope([...scopes]),
    grantTypes: [...grantTypes].join(' '),
  };
  const differing = DOCUMENTED.filter((name) => (wanted[name] ?? null) !== (stored[name] ?? null));
  return Object.fromEntries(differing.map((name) => [name, wanted[name]]));
}
