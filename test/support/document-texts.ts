import fc from 'fast-check';

/** Values that a member may have, right ones and all kinds of wrong ones. */
const uri = fc.constantFrom(
  ...['https://app.example.com/cb', 'http://127.0.0.1/cb', 'http://app.example.com/', 'javascript:alert(1)', 'data:,x'],
  ...['com.example.app:/cb', 'https://user@app.example.com/', 'https://app.example.com/#x', 'cb', '', 'https:\\\\x\\'],
  ...['https://app.example.com/a b', 'https://app.example.com/\u202e', 'urn:x', 'http://[::1]:1/', 'https://'],
);
const junk = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, '', 'x', 'none', [], {}, [null], [[]], { keys: [] }),
  fc.jsonValue({ maxDepth: 2 }),
);
const key = fc.constantFrom<unknown>(
  { kty: 'EC', crv: 'P-256', x: 'a', y: 'b' },
  { kty: 'EC', crv: 'P-256', x: 'a', y: 'b', d: 'c' },
  { kty: 'oct', k: 'x' },
  { kty: '__proto__' },
  null,
  'x',
);
const GRANT_TYPES = ['authorization_code', 'refresh_token', 'client_credentials', 'implicit', 'password', '__proto__'];
const often = <Value>(value: Value) => fc.constant<Value>(value);
const member = (...values: readonly fc.Arbitrary<unknown>[]) =>
  fc.oneof({ weight: 6, arbitrary: fc.oneof(...values) }, junk);

const membersOf = (url: string): Readonly<Record<string, fc.Arbitrary<unknown>>> => ({
  client_id: fc.oneof(
    { weight: 9, arbitrary: often<unknown>(url) },
    fc.constantFrom<unknown>(`${url}/`, `${url}?`, 'HTTPS://agent.example.com/client.json', [url]),
    junk,
  ),
  client_name: member(
    fc.string({ maxLength: 10 }),
    fc.constantFrom('An agent', '\u202eAn', '\0', 'x'.repeat(256), '\ud800'),
  ),
  redirect_uris: member(fc.array(uri, { maxLength: 3 }), often(['https://app.example.com/cb'])),
  post_logout_redirect_uris: member(fc.array(uri, { maxLength: 2 })),
  grant_types: member(fc.array(fc.constantFrom(...GRANT_TYPES), { maxLength: 4 }), often(['authorization_code'])),
  response_types: member(often(['code']), often(['token'])),
  token_endpoint_auth_method: member(
    fc.constantFrom('none', 'private_key_jwt', 'client_secret_basic', 'client_secret_post', 'tls_client_auth'),
  ),
  scope: member(fc.constantFrom('read', 'read write', 'admin', '  ', 'read  read', 'introspection')),
  jwks: member(fc.array(key, { maxLength: 2 }).map((keys) => ({ keys }))),
  jwks_uri: member(uri),
  client_secret: junk,
  client_secret_expires_at: junk,
  dpop_bound_access_tokens: member(fc.boolean()),
  require_pushed_authorization_requests: member(fc.boolean()),
  default_max_age: member(fc.integer()),
  id_token_signed_response_alg: member(fc.constantFrom('RS256', 'ES256', 'none', 'HS256')),
  token_endpoint_auth_signing_alg: member(fc.constantFrom('ES256', 'none', 'HS256')),
  userinfo_encrypted_response_alg: junk,
  may_introspect: often(true),
  skipAuthorization: often(true),
  registeredBy: often('host'),
});

/** A document that is in order, but for a few members; some are no document at all. */
export function documentTexts(url: string): fc.Arbitrary<string> {
  const good = {
    client_id: url,
    client_name: 'An agent',
    redirect_uris: ['https://app.example.com/cb'],
    grant_types: ['authorization_code', 'refresh_token'],
  };
  const change = fc.oneof(
    ...Object.entries(membersOf(url)).map(([name, value]) => value.map((one) => [name, one] as const)),
  );
  const metadata = fc
    .array(change, { maxLength: 3 })
    .map((changes): Record<string, unknown> => ({ ...good, ...Object.fromEntries(changes) }));

  return fc.oneof(
    { weight: 20, arbitrary: metadata.map((value) => JSON.stringify(value)) },
    metadata.map((value) => JSON.stringify([value])),
    metadata.map((value) => JSON.stringify(value).slice(0, -1)),
    fc.string(),
    fc.json(),
  );
}
