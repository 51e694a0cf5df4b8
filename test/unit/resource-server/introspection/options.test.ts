import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { IntrospectedTokensOptions } from '../../../../src/public/index.js';
import { readIntrospectionOptions } from '../../../../src/resource-server/verifiers/introspection/introspection-options.js';

const GOOD: IntrospectedTokensOptions = {
  issuer: 'https://as.example',
  clientId: 'api',
  clientSecret: 'hunter2hunter2',
};

function refusal(changes: object): string {
  try {
    readIntrospectionOptions({ ...GOOD, ...changes } as IntrospectedTokensOptions);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error(`It takes ${Object.keys(changes)}.`);
}

describe('the options of introspectedTokens', () => {
  test('the defaults', () => {
    expect(readIntrospectionOptions(GOOD)).toMatchObject({
      authority: 'https://as.example',
      credential: { method: 'client_secret_basic' },
      accepts: 'opaque',
      subject: 'sub',
      requireTokenType: true,
      clockSkewSeconds: 5,
      cacheSeconds: 60,
      timeoutMilliseconds: 2000,
      concurrency: 32,
      signedAnswers: undefined,
    });
    expect(
      readIntrospectionOptions({ ...GOOD, issuer: undefined, endpoint: 'http://127.0.0.1:1/i?x=1' }).authority,
    ).toBe('http://127.0.0.1:1/i?x=1');
  });

  test('each that cannot be is refused by its name, and with the fix', () => {
    for (const [changes, message] of [
      [{ issuer: undefined }, 'introspectedTokens.issuer cannot be undefined: give the issuer of the tokens'],
      [{ issuer: 'http://as.example' }, 'introspectedTokens.issuer'],
      [{ issuer: 'https://as.example?x=1' }, 'introspectedTokens.issuer'],
      [{ issuer: 'https://user:pw@as.example' }, 'introspectedTokens.issuer'],
      [{ endpoint: 'http://10.0.0.1/introspect' }, 'introspectedTokens.endpoint'],
      [{ endpoint: 'https://as.example/#x' }, 'introspectedTokens.endpoint'],
      [{ endpoint: 'http://localhost.evil.example/' }, 'introspectedTokens.endpoint'],
      [{ clientId: '' }, 'introspectedTokens.clientId'],
      [{ clientSecret: undefined }, 'introspectedTokens.clientSecret cannot be undefined: give the secret of clientId'],
      [{ privateKey: 'x' }, 'introspectedTokens.clientSecret cannot be a string: give either'],
      [
        { clientSecret: undefined, privateKey: 'x' },
        'introspectedTokens.privateKey cannot be a string: give a private key',
      ],
      [{ clientAuthentication: 'client_secret_jwt' }, 'introspectedTokens.clientAuthentication'],
      [{ clientAuthentication: 'private_key_jwt' }, 'introspectedTokens.clientAuthentication'],
      [{ accepts: 'jwts' }, 'introspectedTokens.accepts'],
      [{ accepts: 'jwt', issuer: undefined, endpoint: 'https://as.example/i' }, 'introspectedTokens.issuer'],
      [{ audience: [] }, 'introspectedTokens.audience'],
      [{ audience: ['a', 1] }, 'introspectedTokens.audience[1]'],
      [{ requireAudience: 'no' }, 'introspectedTokens.requireAudience'],
      [{ subject: 'email' }, 'introspectedTokens.subject'],
      [{ user: {} }, 'introspectedTokens.user'],
      [{ cacheSeconds: 3601 }, 'introspectedTokens.cacheSeconds cannot be 3601: give a number from 0 to 3600'],
      [{ timeoutMilliseconds: 10 }, 'introspectedTokens.timeoutMilliseconds'],
      [{ concurrency: 0 }, 'introspectedTokens.concurrency'],
      [{ signedAnswers: 'yes' }, 'introspectedTokens.signedAnswers'],
      [{ signedAnswers: { algorithms: ['HS256'] } }, 'introspectedTokens.signedAnswers.algorithms[0]'],
      [{ signedAnswers: { algorithms: ['none'] } }, 'introspectedTokens.signedAnswers.algorithms[0]'],
      [{ signedAnswers: { algorithms: [] } }, 'introspectedTokens.signedAnswers.algorithms'],
      [{ signedAnswers: { jwksUri: 'http://as.example/k' } }, 'introspectedTokens.signedAnswers.jwksUri'],
      [{ signedAnswers: true, endpoint: 'https://as.example/i' }, 'introspectedTokens.signedAnswers.jwksUri'],
      [{ cacheSecond: 5 }, 'did you mean introspectedTokens.cacheSeconds?'],
    ] as const) {
      expect(refusal(changes)).toContain(message);
    }
  });

  test('[RS-69] no message holds a secret or a part of a key', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    const messages = [
      refusal({ clientSecret: 'hunter2hunter2', privateKey: pem }),
      refusal({ clientSecret: undefined, privateKey: pem.replace('PRIVATE', 'PUBLIC') }),
      refusal({ clientSecret: undefined, privateKey: pem, signingAlgorithm: 'ES256' }),
      refusal({ clientSecret: undefined, privateKey: publicKey }),
      refusal({ clientSecret: 12345678 }),
    ];
    expect(messages.join('\n')).not.toMatch(/hunter2|MII|BEGIN|12345678/);
  });

  test('[RFC 7518 §3.3] a key that is public, too short or not for signing is refused', () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const agreement = generateKeyPairSync('x25519');
    const odd = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    for (const { privateKey } of [short, agreement, odd]) {
      expect(refusal({ clientSecret: undefined, privateKey })).toContain('introspectedTokens.privateKey');
    }
  });
});
