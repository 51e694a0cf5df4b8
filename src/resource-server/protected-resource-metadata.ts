import type { Context, Middleware } from 'koa';
import { knownOptions, listOption, optionPath, refuseOption, textOption } from '../core/options/index.js';
import type { ScopeName } from '../core/register.js';
import { canonicalResource } from '../core/resource-identifier.js';
import { isScopeName } from '../core/scopes.js';

/** What the metadata of this resource says, beyond what follows from other options (RFC 9728 §2). */
export interface ResourceMetadataOptions {
  /**
   * The issuer identifiers of the authorization servers that issue tokens for this resource. Default: the authorization
   * server of this application, if there is one.
   */
  readonly authorizationServers?: readonly string[] | undefined;
  /**
   * The scopes that are published to clients. Default: all of the option `scopes` except `openid` and `offline_access`.
   */
  readonly scopes?: readonly ScopeName[] | undefined;
  /** The human-readable name of this resource. */
  readonly name?: string | undefined;
  /** The URL of a page for developers (`resource_documentation`). */
  readonly documentationUrl?: string | undefined;
  /** The URL of a page on how clients may use the data of this resource. */
  readonly policyUrl?: string | undefined;
  /** The URL of the terms of service. */
  readonly termsOfServiceUrl?: string | undefined;
}

/** The metadata document of a protected resource (RFC 9728 §2). */
export interface ResourceMetadataDocument {
  /** The identifier of the resource. */
  readonly resource: string;
  /** The issuers whose tokens are accepted. */
  readonly authorization_servers?: readonly string[];
  /** The scopes that clients may ask for. */
  readonly scopes_supported?: readonly string[];
  /** Where tokens are read from (RFC 6750 §2). */
  readonly bearer_methods_supported: readonly string[];
  readonly [name: string]: unknown;
}

/** The values that the metadata contains. */
export interface ResourceMetadataSource {
  /** The identifier of this resource, an `https` or `http` URL. */
  readonly resource: string;
  readonly authorizationServers: readonly string[];
  readonly scopes: readonly string[] | undefined;
  /** How bearer tokens are accepted: `header`, `body`, `query`. */
  readonly bearerMethods: readonly string[];
  /** How DPoP proofs may be signed (RFC 9449); `undefined` where they are not accepted. */
  readonly proofAlgorithms?: readonly string[] | undefined;
  /** Whether access tokens may be bound to certificates (RFC 8705). */
  readonly bindsCertificates?: boolean | undefined;
  readonly options: ResourceMetadataOptions;
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource';
/** Metadata is the same for all clients, and changes only with a deployment. */
const CACHED_SECONDS = 300;
const FIELDS = {
  'Access-Control-Allow-Origin': '*',
  'Cache-Control': `public, max-age=${CACHED_SECONDS}`,
  'X-Content-Type-Options': 'nosniff',
} as const;

/**
 * Publishes which authorization servers and scopes belong to this resource (RFC 9728); `oauth2.resourceMetadata` is an
 * instance.
 *
 * @example
 * ```ts
 * import Koa from 'koa';
 * import { createOAuth2 } from 'routing-controllers-oauth2';
 *
 * const oauth2 = createOAuth2({ database: 'sqlite:.data/app.sqlite', resource: 'https://api.example.com' });
 * const koa = new Koa();
 * if (oauth2.resourceMetadata !== undefined) koa.use(oauth2.resourceMetadata.middleware());
 * ```
 */
export class ProtectedResourceMetadata {
  /** The document (RFC 9728 §2). */
  readonly document: ResourceMetadataDocument;
  /** The URL of the document, which challenges contain as `resource_metadata` (RFC 9728 §5.1). */
  readonly url: string;
  private readonly path: string;
  private readonly search: string;
  private readonly json: string;

  /** @internal */
  constructor(source: ResourceMetadataSource) {
    const { origin, pathname, search } = new URL(source.resource);
    // RFC 9728 §3.1: the well-known path is inserted between host and path of the identifier.
    this.path = `${WELL_KNOWN}${pathname === '/' ? '' : pathname}`;
    this.search = search;
    this.url = `${origin}${this.path}${search}`;
    this.document = documentOf(source);
    this.json = JSON.stringify(this.document);
  }

  /**
   * Answers requests for the document, and passes on all others. `useKoaServer` and `createKoaServer` mount it; with
   * `routingControllers()` the host mounts it before the controllers.
   */
  middleware(): Middleware {
    return (context, next) =>
      context.path === this.path && context.search === this.search ? this.answer(context) : next();
  }

  private answer(context: Context): void {
    context.set(FIELDS);
    if (context.method === 'OPTIONS') {
      context.set({ 'Access-Control-Allow-Methods': 'GET, HEAD', 'Access-Control-Allow-Headers': '*' });
      context.status = 204;
    } else if (context.method === 'GET' || context.method === 'HEAD') {
      context.type = 'application/json';
      context.body = this.json;
    } else {
      context.set({ Allow: 'GET, HEAD, OPTIONS', 'Cache-Control': 'no-store' });
      context.status = 405;
    }
  }
}

function documentOf({
  resource,
  authorizationServers,
  scopes,
  bearerMethods,
  proofAlgorithms,
  bindsCertificates,
  options,
}: ResourceMetadataSource): ResourceMetadataDocument {
  return Object.freeze({
    // RFC 9728 §3.3: exactly the identifier from which clients derive the URL of the document.
    resource: canonicalResource(resource),
    ...(authorizationServers.length > 0 && { authorization_servers: authorizationServers }),
    ...(scopes !== undefined && { scopes_supported: scopes }),
    bearer_methods_supported: bearerMethods,
    ...(proofAlgorithms !== undefined && { dpop_signing_alg_values_supported: proofAlgorithms }),
    ...(bindsCertificates === true && { tls_client_certificate_bound_access_tokens: true }),
    ...(options.name !== undefined && { resource_name: options.name }),
    ...(options.documentationUrl !== undefined && { resource_documentation: options.documentationUrl }),
    ...(options.policyUrl !== undefined && { resource_policy_uri: options.policyUrl }),
    ...(options.termsOfServiceUrl !== undefined && { resource_tos_uri: options.termsOfServiceUrl }),
  });
}

/** Whether clients can derive the URL of the metadata from this identifier; from a URN they cannot. */
export function hasMetadata(resource: string): boolean {
  return URL.canParse(resource) && /^https?:$/.test(new URL(resource).protocol);
}

/** @throws ConfigurationError if the option is invalid */
export function checkResourceMetadata(path: string, value: unknown): void {
  if (value === false) return;
  const options = knownOptions<ResourceMetadataOptions>(
    path,
    value,
    ['authorizationServers', 'scopes', 'name', 'documentationUrl', 'policyUrl', 'termsOfServiceUrl'],
    'give an object, or false for no metadata',
  );
  if (options.authorizationServers !== undefined) {
    const at = optionPath(path, 'authorizationServers');
    listOption(at, options.authorizationServers, 'give a list of issuer identifiers').forEach((issuer, index) => {
      checkUrl(optionPath(at, index), issuer);
    });
  }
  if (options.scopes !== undefined) {
    const at = optionPath(path, 'scopes');
    listOption(at, options.scopes, 'give a list of scope names').forEach((scope, index) => {
      if (!isScopeName(scope)) refuseOption(optionPath(at, index), scope, 'give one scope name (RFC 6749 §3.3)');
    });
  }
  if (options.name !== undefined) textOption(optionPath(path, 'name'), options.name);
  for (const name of ['documentationUrl', 'policyUrl', 'termsOfServiceUrl'] as const) {
    if (options[name] !== undefined) checkUrl(optionPath(path, name), options[name]);
  }
}

function checkUrl(path: string, value: unknown): void {
  if (typeof value !== 'string' || !hasMetadata(value)) refuseOption(path, value, 'give an https URL');
}
