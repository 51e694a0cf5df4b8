import { describe, expect, test } from '@jest/globals';
import { redirectUriProblem, redirectUriSchemeProblem } from '../../../src/core/redirect-uri.js';

describe('a redirect URI', () => {
  test.each([
    'https://app.example/cb',
    'https://app.example:8443/cb?from=oauth2',
    'https://app.example',
    'http://localhost:3000/cb',
    'http://127.0.0.1/cb',
    'http://[::1]:4711/cb',
    'https://app.example/%C3%A9',
  ])('%s is one for every application', (uri) => {
    expect(redirectUriProblem(uri, 'confidential')).toBeUndefined();
    expect(redirectUriProblem(uri, 'public')).toBeUndefined();
  });

  test('[RFC 8252 §7.1] a private-use scheme is for public applications, and is a reverse domain name', () => {
    expect(redirectUriProblem('com.example.app:/cb', 'public')).toBeUndefined();
    expect(redirectUriProblem('com.example.app:/cb', 'confidential')).toMatch(/public applications only/);
    expect(redirectUriProblem('myapp:/cb', 'public')).toMatch(/private-use scheme/);
  });

  test('[RFC 8252 §7.1] a scheme that is allowed by name is one for public applications', () => {
    for (const uri of ['cursor://anysphere.cursor-retrieval/oauth/callback', 'myapp:/cb', 'MyApp:cb', 'web+x://cb']) {
      expect(redirectUriProblem(uri, 'public', ['cursor', 'myapp', 'web+x'])).toBeUndefined();
      expect(redirectUriProblem(uri, 'public', ['other'])).toMatch(/allowed schemes other/);
      expect(redirectUriProblem(uri, 'confidential', ['cursor', 'myapp', 'web+x'])).toMatch(/public applications only/);
    }
  });

  test.each([
    'javascript',
    'data',
    'vbscript',
    'file',
    'blob',
    'about',
    'filesystem',
    'view-source',
    'intent',
    'ms-settings',
  ])('the scheme %s is never allowed', (scheme) => {
    expect(redirectUriSchemeProblem(scheme)).toMatch(/leave it out/);
    for (const uri of [`${scheme}:x`, `${scheme}://x/y`, `${scheme.toUpperCase()}:x`]) {
      expect(redirectUriProblem(uri, 'public', [scheme])).toEqual(expect.any(String));
    }
  });

  test.each(['http', 'https', 'Cursor', 'myapp:', 'my app', '1app', '', undefined, 5])(
    '%j is not a scheme that can be allowed',
    (scheme) => {
      expect(redirectUriSchemeProblem(scheme)).toEqual(expect.any(String));
    },
  );

  test.each([
    '/cb',
    'app.example/cb',
    '//app.example/cb',
    'https://app.example/cb#',
    'https://app.example/cb#part',
    'https://app.example/c b',
    'https://app.example/\u00e9',
    'https://app.example/cb\n',
    'https://user@app.example/cb',
    'https://user:word@app.example/cb',
    'http://app.example/cb',
    'http://127.0.0.1.example/cb',
    'http://localhost.example/cb',
    'https:/app.example/cb',
    'https:app.example/cb',
    'https:\\\\app.example\\cb',
    'https://app.example\\@evil.example/cb',
    'javascript:alert(1)',
    'data:text/html,x',
    'ftp://app.example/cb',
    '',
    undefined,
    5,
    ['https://app.example/cb'],
  ])('%j is none', (uri) => {
    expect(redirectUriProblem(uri, 'public')).toEqual(expect.any(String));
  });

  test.each([
    [5, 'a redirect URI is a string.'],
    ['https://app.example/c b', 'percent-encode everything except printable ASCII.'],
    ['app.example/cb', 'not an absolute URI, write e.g. https://app.example.com/callback.'],
    ['https://app.example/cb#', 'a redirect URI has no fragment (RFC 6749 §3.1.2).'],
    ['https://user@app.example/cb', 'a redirect URI has no user and no password.'],
    ['https://:word@app.example/cb', 'a redirect URI has no user and no password.'],
    ['https:/app.example/cb', 'write two slashes after the scheme.'],
    ['https:/app.example/?from=https://other.example', 'write two slashes after the scheme.'],
    ['HTTP:127.0.0.1/cb', 'write two slashes after the scheme.'],
    ['https:///app.example/cb', 'write two slashes after the scheme.'],
    ['https://app.example\\cb', 'a redirect URI has no backslash.'],
    ['http://app.example/cb', 'http is for loopback addresses only, use https.'],
    ['ftp://app.example/cb', 'this scheme is never allowed, use https.'],
    ['myapp:/cb', 'use https, http on loopback, a private-use scheme like com.example.app (RFC 8252 §7.1).'],
    ['com.example.app:/cb', 'a private-use scheme is for public applications only, use https.'],
  ])('%j is answered with what to write instead', (uri, problem) => {
    expect(redirectUriProblem(uri, 'confidential')).toBe(problem);
  });

  test.each([
    ['myapp:', "give only the scheme, in lower case and without a colon, e.g. 'myapp' (RFC 3986 §3.1)"],
    ['http', 'it has rules of its own; leave it out'],
    ['https', 'it has rules of its own; leave it out'],
    ['urn', 'it opens something other than an application; leave it out'],
    ['shellfish', 'it opens something other than an application; leave it out'],
    ['search-ms', 'it opens something other than an application; leave it out'],
    ['forms-app', undefined],
    ['my-shell', undefined],
  ])('of the additional scheme %j is said: %s', (scheme, problem) => {
    expect(redirectUriSchemeProblem(scheme)).toBe(problem);
  });

  test('the allowed schemes are named, where another one is used', () => {
    expect(redirectUriProblem('myapp:/cb', 'public', ['cursor', 'zed'])).toBe(
      'use https, http on loopback, a private-use scheme like com.example.app (RFC 8252 §7.1), or one of the allowed schemes cursor, zed.',
    );
  });
});
