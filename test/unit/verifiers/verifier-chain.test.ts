import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/core/clock.js';
import { sha256Key } from '../../../src/core/digest.js';
import { OAuth2Events } from '../../../src/core/events/events.js';
import { ForeignUser } from '../../../src/core/foreign-user.js';
import { LogLimiter } from '../../../src/core/log-limiter.js';
import { silentLogger } from '../../../src/core/logger.js';
import { Observation } from '../../../src/core/observation/observation.js';
import type { UserStore } from '../../../src/core/users.js';
import { type Verification, verifiedToken } from '../../../src/core/verified-token.js';
import { admit } from '../../../src/resource-server/verifiers/admission.js';
import { createVerifierChain, type VerifierLike } from '../../../src/resource-server/verifiers/chain.js';
import { databaseTokens } from '../../../src/resource-server/verifiers/database.js';
import { type ChainedVerifier, type TokenVerifier, VERIFIER } from '../../../src/resource-server/verifiers/verifier.js';

const log = new LogLimiter(silentLogger, systemClock);
const users: UserStore = {
  findById: (id) => (id === '5' || id === 'disabled' ? { id } : undefined),
  isActive: (user) => (user as { id: string }).id !== 'disabled',
};

function chainOf(list: readonly VerifierLike[], more: { users?: UserStore | undefined } = { users }) {
  return createVerifierChain(list, {
    clock: systemClock,
    logger: silentLogger,
    log,
    observation: new Observation(new OAuth2Events(log)),
    resource: undefined,
    jwtIssuer: undefined,
    requireAudience: true,
    redis: undefined,
    keyPrefix: 'oauth2:',
    reader: { read: () => undefined },
    users: more.users,
  });
}

const ISSUER = 'https://issuer.example';
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwtOf = (iss: string) => `${part({ alg: 'ES256' })}.${part({ iss })}.c2ln`;
const details = (token: string) => ({
  key: sha256Key(token),
  scopes: ['read'],
  issuedAtMilliseconds: 0,
  expiresAtMilliseconds: 4_000_000_000_000,
});

/** Takes the JWTs of one issuer. */
function ofIssuer(issuer: string, changes: Partial<ChainedVerifier> = {}): VerifierLike {
  const made: ChainedVerifier = {
    name: `jwtOf(${issuer})`,
    isOwn: false,
    kinds: ['jwt'],
    exhausts: [],
    issuer,
    policy: issuer,
    isShared: false,
    accepts: (form) => form.kind === 'jwt' && form.issuer === issuer,
    verify: () => ({ status: 'expired' }),
    ...changes,
  };
  return { [VERIFIER]: () => made };
}

const answering = (answer: unknown): TokenVerifier => ({ verify: () => answer as Verification });

describe('a chain of verifiers', () => {
  test('offers a token to the first one that accepts its form, and to no other', () => {
    const chain = chainOf([ofIssuer(ISSUER), ofIssuer('https://other.example'), databaseTokens()]);
    expect(chain.select(jwtOf(ISSUER))).toBe(chain.verifiers[0]);
    expect(chain.select(jwtOf('https://other.example'))).toBe(chain.verifiers[1]);
    expect(chain.select('opaque')).toBe(chain.verifiers[2]);
    expect(chain.select(jwtOf('https://nobody.example'))).toBeUndefined();
    expect(chain.verify(jwtOf('https://nobody.example'), 'k')).toEqual({ status: 'invalid' });
  });

  test('the host’s own verifier takes what reaches it, or what it accepts', () => {
    const all = chainOf([databaseTokens(), answering({ status: 'invalid' })]);
    expect(all.select(jwtOf(ISSUER))).toBe(all.verifiers[1]);
    const some = chainOf([
      { ...answering({ status: 'invalid' }), accepts: ({ token }) => token.startsWith('acme_') },
      databaseTokens(),
    ]);
    expect(some.select('acme_1')).toBe(some.verifiers[0]);
    expect(some.select('other')).toBe(some.verifiers[1]);
    expect(some.select(jwtOf(ISSUER))).toBeUndefined();
  });

  test.each<[string, VerifierLike[], string]>([
    ['one behind a verifier of everything', [answering(undefined), databaseTokens()], 'verifiers[1]'],
    ['two of the database', [databaseTokens(), databaseTokens()], 'verifiers[1]'],
    ['two of one issuer', [ofIssuer(ISSUER), databaseTokens(), ofIssuer(ISSUER)], 'verifiers[2]'],
    ['two of everything', [answering(undefined), answering(undefined)], 'verifiers[1]'],
  ])('with %s is refused at start-up', (_name, list, path) => {
    expect(() => chainOf(list)).toThrow(path);
  });

  test('has a policy that names each of its verifiers, in their order', () => {
    const policies = [
      [databaseTokens()],
      [databaseTokens(), ofIssuer(ISSUER)],
      [ofIssuer(ISSUER), databaseTokens()],
      [ofIssuer(ISSUER, { policy: 'another audience' }), databaseTokens()],
    ].map((list) => chainOf(list).policy);
    expect(new Set(policies).size).toBe(policies.length);
  });

  test('closes and awaits each of its verifiers', async () => {
    const calls: string[] = [];
    const noting = { ready: async () => void calls.push('ready'), close: async () => void calls.push('close') };
    const chain = chainOf([ofIssuer(ISSUER, noting), { ...answering(undefined), close: () => calls.push('host') }]);
    await chain.ready();
    await chain.close();
    expect(calls).toEqual(['ready', 'close', 'host']);
  });
});

describe('an answer of a verifier of the host’s', () => {
  const ask = async (answer: unknown, store: UserStore | undefined = users) =>
    chainOf([answering(answer)], { users: store }).verify('token', sha256Key('token'));

  test.each([undefined, null, true, {}, { status: 'good' }, { status: 'active' }, { status: 'active', token: {} }])(
    'that is %j is a fault, and admits nobody',
    async (answer) => {
      await expect(ask(answer)).rejects.toThrow(TypeError);
    },
  );

  test('with the token of another key is a fault', async () => {
    await expect(ask({ status: 'active', token: verifiedToken(details('another')) })).rejects.toThrow(TypeError);
  });

  test('may come as a promise of any library', async () => {
    // biome-ignore lint/suspicious/noThenProperty: a thenable of another library
    const thenable = { then: (resolve: (answer: unknown) => void) => resolve({ status: 'expired' }) };
    expect(await ask(thenable)).toEqual({ status: 'expired' });
  });

  test('without a user has it completed: the host’s by its id, if they may act; a foreign one as such', async () => {
    const of = (more: object) => ({ status: 'active', token: verifiedToken({ ...details('token'), ...more }) });
    expect(await ask(of({ userId: '5' }))).toMatchObject({ status: 'active', user: { id: '5' } });
    expect(await ask(of({ userId: 'disabled' }))).toEqual({ status: 'invalid' });
    expect(await ask(of({ userId: 'nobody' }))).toEqual({ status: 'invalid' });
    expect(await ask(of({ issuer: ISSUER, subject: '5' }))).toMatchObject({
      status: 'active',
      user: new ForeignUser(ISSUER, '5'),
    });
    expect(await ask(of({ issuer: ISSUER, clientId: 'shop' }))).toMatchObject({ status: 'active', user: undefined });
  });
});

describe('[RS-12] a user of a foreign issuer', () => {
  const foreign = { ...details('token'), issuer: ISSUER, subject: '5', clientId: 'shop' };

  test('is not the host’s user of that number', async () => {
    const answer = await admit(foreign, users);
    expect(answer).toMatchObject({
      status: 'active',
      user: new ForeignUser(ISSUER, '5'),
      token: { userId: undefined, subject: '5', principal: { kind: 'user', key: `user@${ISSUER}|5` } },
    });
  });

  test('acts for the host’s user whom the option names, if they may act', async () => {
    expect(await admit(foreign, users, () => Promise.resolve({ id: '5' }))).toMatchObject({
      status: 'active',
      user: { id: '5' },
      token: { userId: '5', issuer: ISSUER, subject: '5', principal: { kind: 'user', id: '5', key: 'user:5' } },
    });
    for (const mapped of [{ id: 'disabled' }, undefined, null, false]) {
      expect(await admit(foreign, users, () => mapped)).toEqual({ status: 'invalid' });
    }
  });

  test('is never asked for where an application acts for itself', async () => {
    const alone = { ...details('token'), issuer: ISSUER, clientId: '5' };
    const answer = await admit(alone, users, () => {
      throw new Error('asked');
    });
    expect(answer).toMatchObject({
      user: undefined,
      token: { principal: { kind: 'application', key: `client@${ISSUER}|5` } },
    });
  });

  test('[RS-14] whose times are no numbers is a fault: it would never expire', async () => {
    for (const name of ['expiresAtMilliseconds', 'issuedAtMilliseconds']) {
      for (const time of [Number.NaN, undefined, '4000000000000']) {
        expect(() => verifiedToken({ ...details('t'), userId: '5', [name]: time })).toThrow(new RegExp(name));
      }
    }
    expect(verifiedToken({ ...details('t'), expiresAtMilliseconds: Number.POSITIVE_INFINITY }).isExpired()).toBe(false);
  });

  test('cannot be named without its issuer', () => {
    expect(() => verifiedToken({ ...details('token'), subject: '5' })).toThrow(TypeError);
  });
});
