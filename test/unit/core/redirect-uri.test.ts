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
});
