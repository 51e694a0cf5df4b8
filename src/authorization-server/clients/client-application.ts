import { documentHostOf } from '../../core/document-url.js';
import {
  type Application,
  type ApplicationLifetimes,
  allowedGrantTypes,
  allowedScopes,
  isTrusted,
  LIFETIME_NAMES,
  type RegistrationLimits,
} from '../../storage/index.js';

/**
 * The properties of an application besides the metadata that oidc-provider knows. They are kept in the client's
 * property `application`, and contain everything that its decisions depend on.
 */
export interface ClientApplication {
  readonly id: number;
  /** The scopes that it may have; `undefined`: all. */
  readonly scopes: readonly string[] | undefined;
  /** The grant types that it may use. */
  readonly grantTypes: readonly string[];
  /** Whether staff, the command line or the host's code vouches for it. */
  readonly isTrusted: boolean;
  readonly skipAuthorization: boolean;
  readonly mayIntrospect: boolean;
  readonly isPublic: boolean;
  /** The host of its metadata document, if that has registered it. */
  readonly documentHost: string | undefined;
  /** Its own lifetimes; those that are missing are the server's. */
  readonly lifetimes: ApplicationLifetimes;
  /** Origins whose pages may read responses to it, besides those of its redirect URIs. */
  readonly allowedOrigins: readonly string[];
  /** Whether it may have refresh tokens. */
  readonly hasRefreshTokens: boolean;
  /** When the row was changed last: a changed application is another client. */
  readonly updatedAtMilliseconds: number;
}

/** Derives the properties of an application that decisions depend on. */
export type DescribeClient = (application: Application) => ClientApplication;

/** Describes applications under the limits of their registrars; once per application object. */
export function describedUnder(limits: RegistrationLimits): DescribeClient {
  const described = new WeakMap<Application, ClientApplication>();
  return (application) => {
    let client = described.get(application);
    if (client === undefined) {
      client = describe(application, limits);
      described.set(application, client);
    }
    return client;
  };
}

function describe(application: Application, limits: RegistrationLimits): ClientApplication {
  const grantTypes = allowedGrantTypes(application, limits);
  return {
    id: application.id,
    scopes: allowedScopes(application, limits),
    grantTypes,
    isTrusted: isTrusted(application),
    skipAuthorization: application.skipAuthorization,
    mayIntrospect: application.mayIntrospect ?? false,
    isPublic: application.clientType === 'public',
    documentHost: documentHostOf(application),
    lifetimes: Object.fromEntries(LIFETIME_NAMES.map((name) => [name, application[name]])),
    allowedOrigins: words(application.allowedOrigins ?? ''),
    hasRefreshTokens: grantTypes.includes('refresh_token'),
    updatedAtMilliseconds: application.updatedAtMilliseconds,
  };
}

function words(column: string): string[] {
  return column.split(' ').filter((word) => word !== '');
}
