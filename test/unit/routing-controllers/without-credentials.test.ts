import { describe, expect, test } from '@jest/globals';
import { withoutCredentials } from '../../../src/routing-controllers/without-credentials.js';
import { contextOf } from '../../support/guard/guard.js';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

interface Given {
  readonly url?: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly fieldsRead?: string;
}

/** What stands in the log of a message, for a request with these credentials. */
function logged(message: string, { url, headers, body, fieldsRead = 'Authorization, Cookie, X-Api-Key' }: Given) {
  const context = contextOf(url, headers);
  Object.assign(context.request, { body });
  return withoutCredentials(context, message, fieldsRead);
}

describe('a message for the log holds nothing of', () => {
  test.each<[string, Given, string]>([
    ['a token', { headers: { authorization: 'Bearer secret/token' } }, 'secret/token'],
    ['a token, percent-encoded', { headers: { authorization: 'Bearer secret/token' } }, 'secret%2Ftoken'],
    ['a token after more than one space', { headers: { authorization: 'Bearer   secret-token ' } }, 'secret-token'],
    ['credentials without a scheme', { headers: { authorization: 'secret-token' } }, 'secret-token'],
    [
      'a password, as it is sent',
      { headers: { authorization: basic('ann:top:secret') } },
      Buffer.from('ann:top:secret').toString('base64'),
    ],
    ['a name and its password', { headers: { authorization: basic('ann:top:secret') } }, 'ann:top:secret'],
    ['a password', { headers: { authorization: basic('ann:top:secret') } }, 'top:secret'],
    ['a password with an umlaut', { headers: { authorization: basic('ann:geheimnisträger') } }, 'geheimnisträger'],
    [
      'a password after a scheme in capitals',
      { headers: { authorization: basic('a:top-secret').replace('Basic', 'BASIC') } },
      'top-secret',
    ],
    ['a cookie', { headers: { cookie: 'a=1; sid=secret-session; b=2' } }, 'secret-session'],
    ['the last cookie', { headers: { cookie: 'a=1; sid=secret=session' } }, 'secret=session'],
    ['a cookie in quotation marks', { headers: { cookie: 'sid="secret-session"' } }, 'secret-session'],
    ['a cookie with spaces around it', { headers: { cookie: 'a=1; sid= secret-session ; b=2' } }, 'secret-session'],
    ['a cookie that ends in quotation marks', { headers: { cookie: 'sid=a"secret"' } }, 'a"secret"'],
    ['a cookie that begins with quotation marks', { headers: { cookie: 'sid="secret"a' } }, '"secret"a'],
    ['a cookie, decoded', { headers: { cookie: 'sid=s%3Asecret%2Fsession' } }, 's:secret/session'],
    ['a cookie that cannot be decoded', { headers: { cookie: 'sid=100%-secret-session' } }, '100%-secret-session'],
    ['a field that authentication reads', { headers: { 'x-api-key': 'secret-key' } }, 'secret-key'],
    ['such a field as a whole', { headers: { 'x-api-key': 'shop=secret-key; v=2' } }, 'shop=secret-key; v=2'],
    ['a token in the query', { url: '/books?access_token=secret%2Ftoken' }, 'secret/token'],
    ['the first of two tokens in the query', { url: '/?access_token=secret-a&access_token=secret-b' }, 'secret-a'],
    ['the second of two tokens in the query', { url: '/?access_token=secret-a&access_token=secret-b' }, 'secret-b'],
    ['a token in the body', { body: { access_token: 'secret-token' } }, 'secret-token'],
    ['a token with half of a surrogate pair', { body: { access_token: 'secret\ud800token' } }, 'secret\ud800token'],
    ['what has eight characters', { body: { access_token: '12345678' } }, '12345678'],
  ])('%s', (_what, given, text) => {
    expect(logged(`Asked with <${text}>, twice: ${text}.`, given)).toBe('Asked with <***>, twice: ***.');
  });

  test.each([
    ['GET /books?access_token=secret&page=2', 'GET /books?access_token=***&page=2'],
    ['of https://a.example/?ACCESS_TOKEN=secret#top', 'of https://a.example/?ACCESS_TOKEN=***#top'],
    ['"/?access_token=secret"', '"/?access_token=***"'],
    ["'/?access_token=secret'", "'/?access_token=***'"],
    ['/?next=%2F%3Faccess_token%3Dsecret', '/?next=%2F%3Faccess_token%3D***'],
    ['/?access_token=a and /?access_token=b', '/?access_token=*** and /?access_token=***'],
    ['/?no_access_token_at=all', '/?no_access_token_at=all'],
  ])('a token in a URL, be it that of another request: %s', (message, expected) => {
    expect(logged(message, {})).toBe(expected);
  });
});

describe('a message for the log keeps', () => {
  test.each<[string, Given, string]>([
    ['what has less than eight characters', { body: { access_token: '1234567' } }, '1234567'],
    ['the scheme', { headers: { authorization: 'LongScheme secret-token' } }, 'LongScheme'],
    [
      'what a token would say as a password',
      { headers: { authorization: basic('no secret').replace('Basic', 'Bearer') } },
      'no secret',
    ],
    ['the name of a user', { headers: { authorization: basic('longname:secret-password') } }, 'longname'],
    ['the name of a cookie', { headers: { cookie: 'longname=secret-session' } }, 'longname'],
    ['fields that authentication does not read', { headers: { 'x-request-id': 'request-12345' } }, 'request-12345'],
    ['other members of a body', { body: { title: 'A long title' } }, 'A long title'],
    ['a body that is a text', { body: 'A long text' }, 'A long text'],
    ['what is said of a request without credentials', {}, 'undefined'],
    ['what is said without a body', { body: null }, 'Something else'],
    ['what is said where the token is no text', { body: { access_token: 12345678 } }, '12345678'],
  ])('%s', (_what, given, text) => {
    expect(logged(`Asked with ${text}.`, given)).toBe(`Asked with ${text}.`);
  });
});

test('Authorization is left out of the log, even if no authenticator says that it is read', () => {
  const given = { headers: { authorization: 'Bearer secret-token', cookie: 'a=not-a-secret' }, fieldsRead: '' };
  expect(logged('secret-token not-a-secret', given)).toBe('*** not-a-secret');
});
