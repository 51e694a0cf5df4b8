/** oidc-provider's names for its routes, and where they are here, each below the prefix. */
export const ROUTES = {
  authorization: '/authorize',
  token: '/token',
  introspection: '/introspect',
  revocation: '/revoke',
  device_authorization: '/device_authorization',
  code_verification: '/device',
  jwks: '/jwks',
  userinfo: '/userinfo',
  end_session: '/logout',
  pushed_authorization_request: '/par',
  registration: '/register',
} as const;
