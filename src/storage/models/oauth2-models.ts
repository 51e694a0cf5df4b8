import type { Knex } from 'knex';
import { entriesOption, optionPath, refuseOption, refuseUnknown } from '../../core/options/index.js';
import { completeTableNames, type TableNames } from '../tables.js';
import { AccessToken } from './access-token.js';
import { Application } from './application.js';
import { AuthorizationCode } from './authorization-code.js';
import { Consent } from './consent.js';
import { DeviceCode } from './device-code.js';
import { RefreshToken } from './refresh-token.js';
import { ServerRecord } from './server-record.js';
import { SigningKey } from './signing-key.js';
import type { StoredToken } from './stored-token.js';

/** The models of the package. */
export interface OAuth2Models {
  /** The model of applications. */
  readonly Application: typeof Application;
  /** The model of access tokens. */
  readonly AccessToken: typeof AccessToken;
  /** The model of refresh tokens. */
  readonly RefreshToken: typeof RefreshToken;
  /** The model of authorization codes. */
  readonly AuthorizationCode: typeof AuthorizationCode;
  /** The model of device codes. */
  readonly DeviceCode: typeof DeviceCode;
  /** The model of consents. */
  readonly Consent: typeof Consent;
  /** The model of signing keys. */
  readonly SigningKey: typeof SigningKey;
  /** The model of what the authorization server remembers besides. */
  readonly ServerRecord: typeof ServerRecord;
}

/** The default models. */
export const DEFAULT_MODELS: OAuth2Models = Object.freeze({
  Application,
  AccessToken,
  RefreshToken,
  AuthorizationCode,
  DeviceCode,
  Consent,
  SigningKey,
  ServerRecord,
});

/**
 * Completes the host's models with the package's own. The `application` of tokens is then the host's `Application`.
 *
 * A host's model is a subclass that may name its own table and declare its own properties:
 *
 * ```ts
 * class ShopToken extends AccessToken {
 *   static override tableName = 'shop_tokens';
 *   declare tenantId: string | null;
 * }
 * ```
 *
 * `migrate()` creates the package's columns under that table name. The host adds its own columns with a migration of
 * its own, run afterwards; they must be nullable or have a default, unless every insert sets them (`extra`, or the
 * model's `$beforeInsert`):
 *
 * ```ts
 * export const up = (knex: Knex) => knex.schema.alterTable('shop_tokens', (table) => table.string('tenant_id'));
 * ```
 *
 * @throws ConfigurationError if a name is unknown, a class does not extend the package's, or two share a table
 */
export function completeModels(overrides: Partial<OAuth2Models> = {}): OAuth2Models {
  const models: Record<string, unknown> = { ...DEFAULT_MODELS };
  for (const [name, given] of entriesOption('models', overrides)) {
    if (given === undefined) continue;
    const model = given as typeof Application;
    const base = Object.hasOwn(DEFAULT_MODELS, name) ? DEFAULT_MODELS[name as keyof OAuth2Models] : undefined;
    if (base === undefined) {
      refuseUnknown('models', name, Object.keys(DEFAULT_MODELS));
    }
    if (typeof model !== 'function' || (model !== base && !(model.prototype instanceof base))) {
      refuseOption(
        optionPath('models', name),
        model,
        `it is not a subclass of ${name}; write "class … extends ${name}"`,
      );
    }
    models[name] = model;
  }
  const complete = models as unknown as OAuth2Models;
  tableNamesOf(complete);
  return Object.freeze({
    ...complete,
    AccessToken: withApplication(complete.AccessToken, complete.Application),
    RefreshToken: withApplication(complete.RefreshToken, complete.Application),
  });
}

/** Completes the host's models and binds them all to one knex instance; nothing global is touched. */
export function bindModels(knex: Knex, overrides: Partial<OAuth2Models> = {}): OAuth2Models {
  const models = completeModels(overrides);
  const bound = Object.entries(models).map(([name, model]) => [name, (model as typeof Application).bindKnex(knex)]);
  return Object.freeze(Object.fromEntries(bound)) as OAuth2Models;
}

/** The names of the models' tables. */
export function tableNamesOf(models: OAuth2Models): TableNames {
  return completeTableNames({
    applications: models.Application.tableName,
    accessTokens: models.AccessToken.tableName,
    refreshTokens: models.RefreshToken.tableName,
    authorizationCodes: models.AuthorizationCode.tableName,
    deviceCodes: models.DeviceCode.tableName,
    consents: models.Consent.tableName,
    signingKeys: models.SigningKey.tableName,
    serverRecords: models.ServerRecord.tableName,
  });
}

type TokenModel = { readonly name: string; readonly applicationModel: typeof Application };

/** The same model with the `application` relation pointing to the given one. */
function withApplication<Class extends TokenModel>(model: Class, application: typeof Application): Class {
  if (model.applicationModel === application) return model;
  const Base = model as unknown as new () => StoredToken;
  const related = class extends Base {};
  Object.defineProperty(related, 'name', { value: model.name });
  Object.defineProperty(related, 'applicationModel', { value: application });
  return related as unknown as Class;
}
