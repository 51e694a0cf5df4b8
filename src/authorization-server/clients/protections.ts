/** The supported response modes. */
const RESPONSE_MODES = ['query', 'fragment', 'form_post'];

const isTrue = (value: unknown) => value === true || value === 'true';
const isAsked = (value: unknown) => value !== undefined && value !== null && value !== '' && value !== 'none';

/**
 * The protections that an application may request and would then rely on, each with a test whether a value requests it.
 */
const PROTECTIONS: Readonly<Record<string, (value: unknown) => boolean>> = {
  tls_client_certificate_bound_access_tokens: isTrue,
  require_signed_request_object: isTrue,
  id_token_encrypted_response_alg: isAsked,
  userinfo_signed_response_alg: isAsked,
  userinfo_encrypted_response_alg: isAsked,
  introspection_signed_response_alg: isAsked,
  introspection_encrypted_response_alg: isAsked,
  authorization_signed_response_alg: isAsked,
  authorization_encrypted_response_alg: isAsked,
  default_acr_values: (value) => isAsked(value) && !(Array.isArray(value) && value.length === 0),
  response_modes: (value) =>
    isAsked(value) && !(Array.isArray(value) && RESPONSE_MODES.every((mode) => value.includes(mode))),
};

/** The first missing protection that the metadata of an application request, by its name (RFC 7591 §2). */
export function missingProtection(asked: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(PROTECTIONS).find((name) => PROTECTIONS[name]?.(asked[name]) === true);
}
