import type { ScopeDescriptions } from '../core/scopes.js';

/** Credentials that requests may have, as one entry of the option `authenticators` reads them. */
export type DescribedCredentials =
  | { readonly kind: 'bearer'; readonly body: boolean; readonly query: boolean }
  | { readonly kind: 'dpop' }
  | { readonly kind: 'session'; readonly csrfHeader: string; readonly csrfCookie: string }
  | {
      readonly kind: 'own';
      /** The request fields that the authenticator reads. */
      readonly reads: readonly string[];
      /** A security scheme object of OpenAPI, if the authenticator gives one. */
      readonly scheme: Readonly<Record<string, unknown>> | undefined;
    };

/** What a document says of an application beside its actions. */
export interface DescribedServer {
  /** The option `scopes`. */
  readonly scopes: ScopeDescriptions;
  /** The endpoints of the authorization server of this application. */
  readonly authorizationServer:
    | {
        readonly issuer: string;
        /** `undefined`: it has no pages on which users could sign in. */
        readonly authorizationUrl: string | undefined;
        readonly tokenUrl: string;
      }
    | undefined;
  /** The issuers of other servers whose JWTs are accepted. */
  readonly issuers: readonly string[];
  /** Whether tokens are accepted of which neither is known where they come from. */
  readonly acceptsOtherTokens: boolean;
  /** In the order of the option `authenticators`. */
  readonly credentials: readonly DescribedCredentials[];
  /** The bodies of refusals; `own`: a function of the host makes them. */
  readonly errorBody: 'oauth2' | 'drf' | 'own';
  /** Whether the body of a scope refusal lists scopes. */
  readonly errorResponseWithScopes: boolean;
  /** The fields that tell about throttles. */
  readonly rateLimitFields: { readonly current: boolean; readonly legacy: boolean };
  /** Whether failed authentications have a budget, so that a guarded action may answer 429. */
  readonly limitsFailures: boolean;
}
