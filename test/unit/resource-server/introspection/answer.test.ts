import { describe, expect, test } from '@jest/globals';
import { type AnswerRules, judgeAnswer } from '../../../../src/resource-server/verifiers/introspection/answer.js';

const NOW = 1_800_000_000;

const RULES: AnswerRules = {
  issuer: 'https://as.example',
  audience: ['https://api.example'],
  requireAudience: true,
  subject: 'sub',
  requireTokenType: true,
  clockSkewSeconds: 5,
  lifetimeSeconds: 60,
};

const GOOD = {
  active: true,
  iss: 'https://as.example',
  sub: 'alice',
  client_id: 'app',
  scope: 'read write',
  aud: 'https://api.example',
  token_type: 'Bearer',
  exp: NOW + 600,
  iat: NOW - 10,
  jti: 'j1',
};

const THUMBPRINT = 'a'.repeat(43);

function judge(answer: unknown, rules: Partial<AnswerRules> = {}) {
  return judgeAnswer(answer, { ...RULES, ...rules }, NOW * 1000);
}

function without(name: keyof typeof GOOD): object {
  const { [name]: _, ...rest } = GOOD;
  return rest;
}

describe('an answer of an introspection endpoint', () => {
  test('[RS-13 RFC 7662 §2.2] all of a good answer is read', () => {
    const answer = { ...GOOD, acr: 'urn:mfa', auth_time: NOW - 20, amr: ['pwd'], nbf: NOW - 10, extra: { a: 1 } };
    expect(judge(answer)).toEqual({
      status: 'active',
      token: {
        subject: 'alice',
        clientId: 'app',
        scopes: ['read', 'write'],
        audience: ['https://api.example'],
        issuedAtMilliseconds: (NOW - 10) * 1000,
        expiresAtMilliseconds: (NOW + 600) * 1000,
        acr: 'urn:mfa',
        authenticatedAtMilliseconds: (NOW - 20) * 1000,
        amr: ['pwd'],
        confirmation: undefined,
        claims: answer,
      },
    });
  });

  test('[RS-13 RFC 7662 §2.2] only the boolean true is active, and what is no boolean is not an answer', () => {
    expect(judge({ ...GOOD, active: false })).toEqual({ status: 'invalid' });
    for (const active of ['true', 1, null, [true], {}, undefined]) {
      expect(judge({ ...GOOD, active }).status).toBe('unreadable');
    }
    for (const answer of [null, [], [GOOD], 'active', true, 1, undefined, {}, Object.create(GOOD)]) {
      expect(judge(answer).status).toBe('unreadable');
    }
  });

  test('[RS-13] a member of a wrong kind refuses the token, whichever it is', () => {
    const wrong = [null, true, {}, [], [1], ['a', 1], Number.NaN];
    for (const name of ['iss', 'sub', 'client_id', 'scope', 'jti', 'token_type', 'token_use', 'acr']) {
      for (const value of [...wrong, 7, '']) {
        if (name === 'scope' && value === '') continue;
        expect([name, value, judge({ ...GOOD, [name]: value }).status]).toEqual([name, value, 'invalid']);
      }
    }
    for (const name of ['exp', 'iat', 'nbf', 'auth_time']) {
      for (const value of [...wrong, '1900000000', -1, 1e300, Number.POSITIVE_INFINITY]) {
        expect([name, value, judge({ ...GOOD, [name]: value }).status]).toEqual([name, value, 'invalid']);
      }
    }
    for (const value of [null, true, {}, 7, [1], ['https://api.example', 1]]) {
      expect(judge({ ...GOOD, aud: value }).status).toBe('invalid');
    }
    for (const value of [null, true, {}, 7, 'pwd', [1]]) expect(judge({ ...GOOD, amr: value }).status).toBe('invalid');
  });

  test('[RS-13] a name that would break a line or a key is not a name', () => {
    for (const sub of ['a\nb', 'a\u0000', 'a\u0085', '\ud800', 'a'.repeat(1025)]) {
      expect(judge({ ...GOOD, sub }).status).toBe('invalid');
    }
    expect(judge({ ...GOOD, sub: 'Ünsal 5|ß@' }).status).toBe('active');
    for (const scope of ['a "b"', 'a\\b', 'a\tb', 'é']) expect(judge({ ...GOOD, scope }).status).toBe('invalid');
  });

  test('[RS-13 RS-14] a token past its end is expired, to the second', () => {
    expect(judge({ ...GOOD, exp: NOW }).status).toBe('expired');
    expect(judge({ ...GOOD, exp: NOW - 1 }).status).toBe('expired');
    expect(judge({ ...GOOD, exp: 0 }).status).toBe('expired');
    expect(judge({ ...GOOD, exp: NOW + 0.5 }).status).toBe('active');
  });

  test('[RS-14] a token of which the answer names no end counts for the short time of the option', () => {
    expect(judge(without('exp'), { lifetimeSeconds: 60 })).toMatchObject({
      token: { expiresAtMilliseconds: (NOW + 60) * 1000 },
    });
    expect(judge(without('exp'), { lifetimeSeconds: 0 }).status).toBe('expired');
  });

  test('[RS-13] a time that is still to come refuses, beyond what clocks may differ', () => {
    for (const name of ['nbf', 'iat', 'auth_time']) {
      expect(judge({ ...GOOD, [name]: NOW + 5 }).status).toBe('active');
      expect(judge({ ...GOOD, [name]: NOW + 6 })).toEqual({ status: 'invalid', reason: `${name} is in the future` });
      expect(judge({ ...GOOD, [name]: NOW + 1 }, { clockSkewSeconds: 0 }).status).toBe('invalid');
    }
  });

  test('[RS-9 RS-13] the audience names this resource; without a name of its own, no audience does', () => {
    expect(judge({ ...GOOD, aud: ['https://other.example', 'https://api.example'] }).status).toBe('active');
    for (const aud of ['https://other.example', 'https://api.example/', ['https://other.example'], []]) {
      expect(judge({ ...GOOD, aud }).status).toBe('invalid');
    }
    expect(judge(without('aud')).status).toBe('invalid');
    expect(judge(without('aud'), { requireAudience: false }).status).toBe('active');
    expect(judge({ ...GOOD, aud: 'https://other.example' }, { requireAudience: false }).status).toBe('invalid');
    expect(judge(without('aud'), { audience: undefined }).status).toBe('active');
    expect(judge(GOOD, { audience: undefined }).status).toBe('invalid');
  });

  test('[RS-13] another issuer than the configured one is refused; none named is none refuted', () => {
    for (const iss of ['https://as.example/', 'https://other.example', 'HTTPS://as.example']) {
      expect(judge({ ...GOOD, iss })).toEqual({ status: 'invalid', reason: 'iss names another issuer' });
    }
    expect(judge(without('iss')).status).toBe('active');
    // Of two issuers behind one endpoint, users with the same sub would be one.
    expect(judge(GOOD, { issuer: undefined }).status).toBe('invalid');
    expect(judge(without('iss'), { issuer: undefined }).status).toBe('active');
  });

  test('[RS-13] a token of another kind is refused, and by default one of an unnamed kind', () => {
    for (const token_type of ['refresh_token', 'mac', 'N_A', 'Bearer ']) {
      expect(judge({ ...GOOD, token_type }).status).toBe('invalid');
    }
    expect(judge({ ...GOOD, token_type: 'bearer' }).status).toBe('active');
    expect(judge(without('token_type')).status).toBe('invalid');
    expect(judge(without('token_type'), { requireTokenType: false }).status).toBe('active');
    expect(judge({ ...GOOD, token_use: 'refresh_token' }).status).toBe('invalid');
    expect(judge({ ...GOOD, token_use: 'access_token' }).status).toBe('active');
  });

  test('[RS-13 RS-20] what a token is bound to is told, and a binding that cannot be checked refuses', () => {
    expect(judge({ ...GOOD, token_type: 'DPoP', cnf: { jkt: THUMBPRINT } })).toMatchObject({
      status: 'active',
      token: { confirmation: { jkt: THUMBPRINT } },
    });
    expect(judge({ ...GOOD, cnf: { 'x5t#S256': THUMBPRINT } })).toMatchObject({
      token: { confirmation: { x5tS256: THUMBPRINT } },
    });
    expect(judge({ ...GOOD, token_type: 'DPoP' }).status).toBe('invalid');
    for (const cnf of [
      null,
      true,
      [],
      {},
      'x',
      { jkt: 1 },
      { jkt: 'short' },
      { kid: 'k' },
      { jkt: THUMBPRINT, jwk: {} },
    ]) {
      expect([cnf, judge({ ...GOOD, cnf }).status]).toEqual([cnf, 'invalid']);
    }
  });

  test('[RS-12 RFC 9068 §5] an application that is its own subject is not a user', () => {
    expect(judge({ ...GOOD, sub: 'app' })).toMatchObject({ token: { subject: undefined, clientId: 'app' } });
    expect(judge(without('sub'))).toMatchObject({ token: { subject: undefined, clientId: 'app' } });
    expect(judge(without('client_id'))).toMatchObject({ token: { subject: 'alice', clientId: undefined } });
  });

  test('[RS-12] a user who is only named is not an application: refused, unless names are said to be subjects', () => {
    const named = { ...without('sub'), username: 'alice' };
    expect(judge(named).status).toBe('invalid');
    expect(judge(named, { subject: 'username' })).toMatchObject({ token: { subject: 'alice' } });
    expect(judge({ ...GOOD, username: 'al' })).toMatchObject({ token: { subject: 'alice' } });
  });
});
