import type { Application } from '../../storage/index.js';
import type { DescribeClient } from '../clients/client-application.js';
import { missingProtection } from '../clients/protections.js';
import { clientMetadata } from './client-metadata.js';
import { errors } from './oidc-provider.js';

type Metadata = Readonly<Record<string, unknown>>;

/** Members that are meant for people, or that have no equivalent here: they are no reason to refuse a registration. */
const LEFT_OUT = [
  ...['application_type', 'client_uri', 'contacts', 'initiate_login_uri', 'logo_uri', 'policy_uri', 'tos_uri'],
  // Subjects are public here, so the document is not needed.
  'sector_identifier_uri',
  // Checked separately.
  'response_modes',
] as const;

/** Removes unsupported members before oidc-provider validates or fetches them (RFC 7591 §2: "MUST ignore"). */
export function leaveOut(metadata: Record<string, unknown>): void {
  for (const name of LEFT_OUT) delete metadata[name];
}

/**
 * Refuses a registration that requests a missing protection: otherwise the application would rely on a protection that
 * does not exist.
 *
 * @throws InvalidClientMetadata naming the first of them
 */
export function refuseMissingProtections(asked: Metadata): void {
  const missing = missingProtection(asked);
  if (missing !== undefined) {
    throw new errors.InvalidClientMetadata(`${missing} asks for what this server does not do; leave it out`);
  }
}

/** The response to a registration: exactly what was stored, with the names of RFC 7591 §3.2.1. */
export function registrationResponse(
  application: Application,
  clientSecret: string | undefined,
  describe: DescribeClient,
): Record<string, unknown> {
  const { client_secret: _placeholder, application: notes, ...metadata } = clientMetadata(application, describe);
  const scopes = (notes as { readonly scopes?: readonly string[] }).scopes;
  return {
    client_id_issued_at: Math.floor(application.createdAtMilliseconds / 1000),
    ...(clientSecret !== undefined && { client_secret: clientSecret, client_secret_expires_at: 0 }),
    ...metadata,
    ...(scopes !== undefined && { scope: scopes.join(' ') }),
    id_token_signed_response_alg: metadata.id_token_signed_response_alg ?? 'RS256',
    dpop_bound_access_tokens: application.dpopBoundAccessTokens,
    require_pushed_authorization_requests: application.requirePushedAuthorizationRequests,
    require_auth_time: application.requireAuthTime,
  };
}
