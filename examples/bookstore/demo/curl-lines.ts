import { READER_ID, type Service } from './applications.js';
import type { DemoTokens } from './tokens.js';

/** Commands that can be pasted into a shell, each with its expected response. */
export function curlLines(url: string, { alice, bob, application, expired }: DemoTokens): string[] {
  const get = (path: string, token?: string) =>
    `curl -i '${url}${path}'${token === undefined ? '' : ` -H 'Authorization: Bearer ${token}'`}`;
  const json = (line: string, body: object) =>
    `${line} -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`;
  return [
    '# 200: no credentials are needed',
    get('/health/ready'),
    '# 401 with a challenge: no credentials',
    get('/api/protected'),
    '# 200: alice, with every scope',
    get('/api/protected', alice),
    get('/api/token-info', alice),
    json(get('/books', alice), { title: 'Alice in Wonderland', author: 'Lewis Carroll', publishedYear: 1865 }),
    get('/books', alice),
    '# 200, then 403: bob has the scope read, not the scope api',
    get('/api/read-write', bob),
    get('/api/protected', bob),
    '# 200, then 403: an application without a user',
    get('/api/protected', application),
    get('/api/user-only', application),
    '# 401: the token has expired',
    get('/api/protected', expired),
    '# 200, ten times in an hour; then 429',
    get('/api/open'),
    '# 200: a session',
    json(`curl -i -c cookies.txt '${url}/session'`, { username: 'bob', password: 'builder' }),
    `curl -i -b cookies.txt '${url}/api/hybrid'`,
  ];
}

/** The same for the endpoints of the authorization server. */
export function oauthLines(url: string, { clientId, clientSecret }: Service): string[] {
  const post = (path: string, ...fields: string[]) =>
    [`curl -s '${url}/oauth2${path}'`, ...fields.map((field) => `-d ${field}`)].join(' ');
  const service = `-u '${clientId}:${clientSecret}'`;
  const field = (name: string) => `sed 's/.*"${name}":"\\([^"]*\\)".*/\\1/'`;
  return [
    '# a token of an application alone (client_credentials); 200 with it at once',
    `token=$(${post('/token', 'grant_type=client_credentials', "'scope=api read'")} ${service} | ${field('access_token')})`,
    `curl -i '${url}/api/protected' -H "Authorization: Bearer $token"`,
    '# {"active":true, …}: introspection; then the token is revoked, and 401',
    `${post('/introspect', '"token=$token"')} ${service}`,
    `${post('/revoke', '"token=$token"')} ${service}`,
    `curl -i '${url}/api/protected' -H "Authorization: Bearer $token"`,
    '# a device: open its verification_uri_complete and allow it; then it gets its tokens, until then authorization_pending',
    `device=$(${post('/device_authorization', `client_id=${READER_ID}`, 'scope=read')}); echo "$device"`,
    post(
      '/token',
      'grant_type=urn:ietf:params:oauth:grant-type:device_code',
      `client_id=${READER_ID}`,
      `"device_code=$(echo "$device" | ${field('device_code')})"`,
    ),
  ];
}
