import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Authorized, CurrentUser, Get, JsonController } from 'routing-controllers';
import { sha256Key } from '../../../src/core/digest.js';
import {
  Access,
  type AccessRefusedEvent,
  databaseTokens,
  ForeignUser,
  IsAuthenticated,
  type Permission,
  type RequestAccess,
  TemporarilyUnavailableError,
  Throttle,
  type TokenVerifier,
  type Verification,
  verifiedToken,
} from '../../../src/public/index.js';
import { STACKS } from '../../support/bookstore.js';
import { useApplication } from '../../support/spec/application.js';

/** A note of the host's user `alice`. */
const NOTE = { ownerId: 'alice' };

class OwnsNote implements Permission {
  hasPermission(access: RequestAccess): boolean {
    return access.isAuthenticated;
  }
  hasObjectPermission(access: RequestAccess): boolean {
    return access.userId === NOTE.ownerId;
  }
}

@JsonController()
class Things {
  @Authorized('read')
  @Get('/me')
  me(@CurrentUser() user: unknown, @Access() access: RequestAccess) {
    return {
      user: user instanceof ForeignUser ? String(user) : user,
      userId: access.userId ?? null,
      clientId: access.clientId ?? null,
      principal: String(access.principal),
    };
  }

  @Authorized(IsAuthenticated)
  @Get('/users-only')
  usersOnly() {
    return { entered: true };
  }

  @Authorized(OwnsNote)
  @Get('/note')
  async note(@Access() access: RequestAccess) {
    await access.checkObject(NOTE);
    return { entered: true };
  }

  @Authorized('read')
  @Throttle('limited')
  @Get('/limited')
  limited() {
    return { entered: true };
  }

  @Authorized('write')
  @Get('/write')
  write() {
    return { entered: true };
  }
}

const calls: string[] = [];

/** Tokens of the form `ISSUER.SUBJECT.CLIENT`, where `-` is nothing; `away.…` and `bad.…` are what they say. */
const foreign: TokenVerifier = {
  accepts: ({ token }) => token.startsWith('f_'),
  async verify(token, key): Promise<Verification> {
    calls.push(token);
    const [issuer, subject, clientId, userId] = token.slice(2).split('~');
    if (issuer === 'away') throw new TemporarilyUnavailableError({ retryAfterSeconds: 7 });
    if (issuer === 'bad') return undefined as unknown as Verification;
    return {
      status: 'active',
      token: verifiedToken({
        key,
        issuer: issuer === '-' ? undefined : `https://${issuer}.example`,
        subject: subject === '-' ? undefined : subject,
        clientId: clientId === '-' ? undefined : clientId,
        userId: userId === undefined || userId === '-' ? undefined : userId,
        scopes: ['read'],
        issuedAtMilliseconds: Date.now(),
        expiresAtMilliseconds: Date.now() + 60_000,
        claims: { roles: ['reader'] },
      }),
      keepMilliseconds: 60_000,
    };
  },
};

describe.each(STACKS)('tokens of foreign issuers, on %s', (name) => {
  const shop = useApplication(name, {
    oauth2: { verifiers: [foreign, databaseTokens()], throttling: { policies: { limited: { rate: '2/min' } } } },
    server: { controllers: [Things] },
  });
  const events: AccessRefusedEvent[] = [];
  let stop: () => void;
  beforeEach(() => {
    calls.length = 0;
    events.length = 0;
    stop = shop.oauth2.events.on('access.refused', (event) => events.push(event));
  });
  afterEach(() => stop());

  const call = async (path: string, token: string) => {
    const response = await fetch(`${shop.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    return { status: response.status, headers: response.headers, body: (await response.json()) as unknown };
  };
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  test('[RS-12 RFC 9068 §5] user alice of another issuer is a ForeignUser, and never the host’s alice', async () => {
    expect((await call('/me', 'f_login~alice~shop')).body).toEqual({
      user: 'user@https://login.example|alice',
      userId: null,
      clientId: null,
      principal: 'user@https://login.example|alice',
    });
    const own = await shop.issue('read', { user: 'alice' });
    expect((await call('/me', own)).body).toMatchObject({ userId: 'alice', principal: 'user:alice' });
  });

  test('[RS-12] a user of another issuer is a user, and owns nothing of the host’s users', async () => {
    expect((await call('/users-only', 'f_login~alice~shop')).status).toBe(200);
    expect((await call('/note', 'f_login~alice~shop')).status).toBe(403);
    expect((await call('/note', await shop.issue('read', { user: 'alice' }))).status).toBe(200);
  });

  test('[RS-12 RFC 9068 §5] a token of an application alone is no user, whatever its client is called', async () => {
    expect((await call('/users-only', 'f_login~-~alice')).status).toBe(403);
    expect((await call('/me', 'f_login~-~alice')).body).toEqual({
      userId: null,
      clientId: null,
      principal: 'client@https://login.example|alice',
    });
  });

  test('[RS-12] a verifier may name a user of the host, who must be active', async () => {
    expect((await call('/me', 'f_login~5~shop~alice')).body).toMatchObject({
      userId: 'alice',
      principal: 'user:alice',
    });
    expect((await call('/me', 'f_login~5~shop~nobody')).status).toBe(401);
  });

  test('[RS-12 TH-47] each issuer’s user has a quota of their own, the same for all their tokens', async () => {
    for (const token of ['f_a~bob~shop', 'f_b~bob~shop', 'f_a~bob/x~shop', await shop.issue('read', { user: 'bob' })]) {
      expect((await call('/limited', token)).status).toBe(200);
      expect((await call('/limited', token)).status).toBe(200);
      expect((await call('/limited', token)).status).toBe(429);
    }
    expect((await call('/limited', 'f_a~bob~another-client')).status).toBe(429);
  });

  test('[RS-12] a refusal is told with the issuer and its names, and without an id of the host’s', async () => {
    expect((await call('/write', 'f_login~alice~shop')).status).toBe(403);
    await until(() => events.length > 0);
    expect(events[0]).toMatchObject({
      userId: undefined,
      issuer: 'https://login.example',
      subject: 'alice',
      clientId: 'shop',
    });
  });

  test('[RS-14] an answer is kept, and concurrent requests share one call', async () => {
    const statuses = await Promise.all(Array.from({ length: 20 }, () => call('/me', 'f_cached~1~shop')));
    expect(statuses.every(({ status }) => status === 200)).toBe(true);
    await call('/me', 'f_cached~1~shop');
    expect(calls).toEqual(['f_cached~1~shop']);
  });

  test('[RS-17] invalidating a user or an application of the host touches no token of a foreign one of the same name', async () => {
    const { application } = await shop.oauth2.applications.create({ name: 'Same', grantTypes: ['client_credentials'] });
    const token = `f_kept~alice~${application.clientId}`;
    await call('/me', token);
    await shop.oauth2.tokens.invalidate({ user: 'alice' });
    await shop.oauth2.tokens.invalidate({ application });
    await call('/me', token);
    expect(calls).toEqual([token]);
    const mapped = 'f_kept~1~shop~alice';
    await call('/me', mapped);
    await shop.oauth2.tokens.invalidate({ user: 'alice' });
    await call('/me', mapped);
    expect(calls.filter((one) => one === mapped)).toHaveLength(2);
  });

  test('a verifier that is away is 503, and one that answers nothing is 500: nobody is let in', async () => {
    const away = await call('/me', 'f_away~1~shop');
    expect([away.status, away.headers.get('retry-after')]).toEqual([503, '7']);
    expect((await call('/me', 'f_bad~1~shop')).status).toBe(500);
  });

  test('a JWT that no verifier takes is invalid, and no verifier is asked', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const refused = await call('/me', `${part({ alg: 'ES256' })}.${part({ iss: 'https://x.example' })}.c2ln`);
    expect([refused.status, refused.body]).toMatchObject([401, { error: 'invalid_token' }]);
    expect(calls).toEqual([]);
  });

  test('the service tells of a foreign token, verifies it, and does not revoke it', async () => {
    const { tokens } = shop.oauth2;
    const token = 'f_login~alice~shop';
    expect(await tokens.inspect(token)).toMatchObject({
      active: true,
      iss: 'https://login.example',
      sub: 'alice',
      client_id: 'shop',
    });
    expect(await tokens.inspect('f_login~5~shop~nobody')).toEqual({ active: false });
    const verified = await tokens.verify(token);
    expect([
      verified.key,
      verified.hasScopes('read'),
      verified.hasScopes('read', 'write'),
      verified.isExpired(),
    ]).toEqual([sha256Key(token), true, false, false]);
    expect(verified.isExpired(verified.expiresAtMilliseconds)).toBe(true);
    expect(() => (verified.claims.roles as string[]).push('admin')).toThrow(TypeError);
    await expect(tokens.revoke(token)).rejects.toThrow(TypeError);
    const own = await shop.issue('read');
    expect([await tokens.revoke(own), await tokens.revoke(own), await tokens.revoke('unknown')]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
