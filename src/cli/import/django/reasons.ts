/** Why an application did not come, by the reason in the report. */
export const APPLICATION_REFUSALS = {
  invalid_client_id: 'its identifier is not 1 to 255 printable ASCII characters, without a space at either end',
  password_grant:
    'the password grant is not supported; register it with authorization_code under its identifier first, and its tokens come',
  implicit_grant:
    'the implicit grant is not supported; register it with authorization_code under its identifier first, and its tokens come',
  unknown_grant: 'its grant type is not known',
  unknown_client_type: 'its client type is neither confidential nor public',
  public_client_credentials: 'a public application cannot have client_credentials (RFC 6749 §4.4)',
  no_redirect_uri: 'it has no redirect URI that is allowed here, and authorization_code needs one',
  unusable_keys: 'it authenticates with keys, and they cannot be used',
  oversized: 'its URIs, or another value of it, do not fit into a column',
  invalid: 'it is not valid here',
} as const;

/** How an application differs from what it was. */
export const APPLICATION_DIFFERENCES = {
  secret_of_other_hasher: 'its secret is hashed by other than PBKDF2; run rc-oauth2 applications rotate-secret',
  no_secret: 'it has no secret; run rc-oauth2 applications rotate-secret',
  client_secret_jwt:
    'it signs with its secret (client_secret_jwt), which is not supported; run rc-oauth2 applications rotate-secret',
  redirect_uri_left_out: 'a redirect URI is not allowed here and was left out',
  post_logout_uri_left_out: 'a URI for signing out is not allowed here and was left out',
  origin_left_out: 'an origin is not allowed here and was left out',
  hybrid_is_code: 'the hybrid flow is not supported; it has authorization_code',
  hs256_is_rs256: 'its ID tokens are signed with RS256 instead of HS256',
  name_changed: 'its name was too long, or had characters that disguise text',
  owner_left_out: 'its owner has no id that can be stored',
  registered_itself:
    'it registered itself, and has the scopes and grants that dynamicRegistration or clientMetadataDocuments allows',
  changed_at_source: 'it was changed at the source later than here; --update-applications takes that over',
} as const;

/** Why a token did not come. */
export const TOKEN_REFUSALS = {
  expired: 'it has expired',
  no_digest: 'it has neither a checksum nor its text',
  invalid_time: 'its times cannot be read',
  no_application: 'its application is not here',
  no_user: 'its user has no id that can be stored',
  nobody: 'it belongs to neither a user nor an application',
  unreadable_resource: 'its resources cannot be read, and it must not become one without bounds',
  oversized: 'its scope or its resources, alone or with those of its family, are too long',
  registration_token: 'it manages a registration, which needs a token of this server',
  revoked_here: 'its family was revoked here',
  orphan: 'its access token is gone, and its scope with it',
  foreign_family: 'its family belongs to another user or application',
  no_live_family: 'it was used or revoked, and its family has no refresh token to protect',
} as const;

/** How a token differs from what it was. */
export const TOKEN_DIFFERENCES = {
  scope_left_out: 'a scope name that RFC 6749 §3.3 does not allow was left out',
  revoked_at_source: 'it was used or revoked at the source after it had come, and is so here now',
  revoked_as_gone: 'it came earlier, is no longer at the source, and is revoked here now (--revoke-missing)',
  gone_at_source: 'it came earlier and is no longer at the source; --revoke-missing revokes such tokens',
} as const;
