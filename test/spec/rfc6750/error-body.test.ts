import { describe, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { IsAuthenticated, type OAuth2Error, type OAuth2Options, Throttle } from '../../../src/public/index.js';
import { STACKS } from '../../support/bookstore.js';
import { useApplication } from '../../support/spec/application.js';
import { call } from '../../support/spec/http.js';

@JsonController('/guarded')
class Guarded {
  @Authorized('a')
  @Get('/scope')
  scope() {
    return {};
  }

  @Authorized(IsAuthenticated)
  @Get('/user')
  user() {
    return {};
  }

  @Authorized('b')
  @Throttle({ name: 'none', rate: '0/m' })
  @Get('/throttled')
  throttled() {
    return {};
  }
}

const own = (error: OAuth2Error) => ({ code: error.code, status: error.status });

describe.each(STACKS)('the body of refusals, on %s', (name) => {
  describe.each<[string, Pick<OAuth2Options, 'errorBody' | 'errorResponseWithScopes'>, object[]]>([
    [
      "'drf'",
      { errorBody: 'drf', errorResponseWithScopes: true },
      [
        { detail: 'Authentication credentials were not provided.' },
        { detail: 'The access token is invalid.' },
        { detail: 'The request requires higher privileges than provided by the access token.' },
        { detail: 'A user is needed: the credentials belong to an application alone.' },
        { detail: 'Request was throttled. Expected available in 60 seconds.' },
      ],
    ],
    [
      'a function',
      { errorBody: own },
      [
        { code: 'authentication_required', status: 401 },
        { code: 'invalid_token', status: 401 },
        { code: 'insufficient_scope', status: 403 },
        { code: 'access_denied', status: 403 },
        { code: 'throttled', status: 429 },
      ],
    ],
  ])('with errorBody %s', (_title, options, bodies) => {
    const application = useApplication(name, { oauth2: options, server: { controllers: [Guarded] } });

    test('every refusal has that body; the fields are the same as ever', async () => {
      const token = await application.issue('b');
      const replies = [
        await call(`${application.url}/guarded/scope`),
        await call(`${application.url}/guarded/scope`, { token: 'unknown' }),
        await call(`${application.url}/guarded/scope`, { token }),
        await call(`${application.url}/guarded/user`, { token }),
        await call(`${application.url}/guarded/throttled`, { token }),
      ];
      expect(replies.map(({ status }) => status)).toEqual([401, 401, 403, 403, 429]);
      expect(replies.map(({ body }) => body)).toEqual(bodies);
      expect(replies.map(({ headers }) => headers.get('cache-control'))).toEqual(Array(5).fill('no-store'));
      expect(replies.map(({ headers }) => headers.get('www-authenticate') !== null)).toEqual([
        ...[true, true, true],
        ...[false, false],
      ]);
    });
  });

  describe('in both error-handler modes of routing-controllers', () => {
    const withDefault = useApplication(name, {
      oauth2: { errorResponseWithScopes: true },
      server: { controllers: [Guarded], defaultErrorHandler: true },
    });
    const without = useApplication(name, {
      oauth2: { errorResponseWithScopes: true },
      server: { controllers: [Guarded], defaultErrorHandler: false },
    });

    test('[RS-5..8 §3] a refusal is the same, byte for byte', async () => {
      const answers = [];
      for (const application of [withDefault, without]) {
        const token = await application.issue('b');
        const calls: [string, string | undefined][] = [
          ['scope', undefined],
          ['scope', 'unknown'],
          ['scope', token],
          ['user', token],
          ['throttled', token],
        ];
        const ofOne = [];
        for (const [path, bearer] of calls) {
          const { status, headers, text } = await call(`${application.url}/guarded/${path}`, { token: bearer });
          const { date: _date, ...fields } = Object.fromEntries(headers);
          ofOne.push({ status, text, fields });
        }
        answers.push(ofOne);
      }
      expect(answers[0]).toEqual(answers[1]);
      expect(answers[0]?.map(({ status }) => status)).toEqual([401, 401, 403, 403, 429]);
    });
  });
});
