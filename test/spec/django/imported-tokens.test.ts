import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { CurrentToken, IsAuthenticated, type VerifiedToken } from '../../../src/public/index.js';
import { STACKS } from '../../support/bookstore.js';
import { DOT_SECRETS, dotDump } from '../../support/django/dot-dump.js';
import { DotTables } from '../../support/django/dot-tables.js';
import { countsByReason, type DjangoReport, importDjango, namesByReason } from '../../support/django/import.js';
import { djangoHash } from '../../support/django-secrets.js';
import type { FreshDatabase } from '../../support/services.js';
import { useAuthorizationServer } from '../../support/spec/authorization-server.js';

const RESOURCE = 'https://api.example';

@JsonController()
class Books {
  @Authorized('read')
  @Get('/read')
  read(@CurrentToken() token: VerifiedToken) {
    return { user: token.userId ?? null, client: token.clientId ?? null, scopes: token.scopes };
  }

  @Authorized('write')
  @Get('/write')
  write() {
    return {};
  }

  @Authorized(IsAuthenticated)
  @Get('/whoami')
  whoAmI() {
    return {};
  }
}

const client = (clientId: keyof typeof DOT_SECRETS) => ({ clientId, clientSecret: DOT_SECRETS[clientId] });

describe.each(STACKS)('the data of Django OAuth Toolkit 3.4.1 itself, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    controllers: [Books],
    oauth2: { resource: RESOURCE, opaqueTokens: { unchecked: 'accept' } },
  });
  let source: FreshDatabase;
  let report: DjangoReport;

  const bring = (...options: string[]) =>
    importDjango(
      source.url,
      suite.server.databaseUrl,
      ...['--user-id-column', 'auth_user.username', '--resource', RESOURCE, ...options],
    );

  beforeAll(async () => {
    source = await dotDump();
    report = await bring();
  });

  afterAll(() => source?.drop());

  async function get(path: string, token: string): Promise<number> {
    return (await suite.send(path, { headers: { authorization: `Bearer ${token}` } })).status;
  }

  test('[IM-8] the report says what came and what did not, and holds no secret and no token', async () => {
    expect(report.counts).toMatchObject({
      applications: { read: 6, imported: 5, left_out: 1 },
      access_tokens: { read: 4, imported: 3, left_out: 1 },
      refresh_tokens: { read: 2, imported: 1, left_out: 1 },
      spent_refresh_tokens: { read: 1, imported: 1, left_out: 0 },
      consents: { imported: 1, updated: 0 },
    });
    expect(namesByReason(report.left_out)).toEqual({ password_grant: ['pw'], expired: [], orphan: ['code'] });
    expect(countsByReason(report.left_out, 'refresh_tokens')).toEqual({ orphan: 1 });
    expect(JSON.stringify(report)).not.toMatch(/tok-|ref-|plainsecret|pbkdf2\$|s3cret/);
  });

  test('[IM-8] access tokens work at the guards, with their scopes, users and applications', async () => {
    expect([await get('/read', 'tok-alice'), await get('/write', 'tok-alice')]).toEqual([200, 200]);
    expect([await get('/read', 'tok-cc'), await get('/write', 'tok-cc')]).toEqual([200, 403]);
    expect([await get('/whoami', 'tok-noapp'), await get('/read', 'tok-noapp')]).toEqual([200, 403]);
    expect(await get('/whoami', 'tok-bob')).toBe(401);
    const answer = await suite.send('/read', { headers: { authorization: 'Bearer tok-alice' } });
    expect(answer.body).toEqual({ user: 'alice', client: 'code', scopes: ['read', 'write'] });
  });

  test('[IM-8] they can be introspected, and secrets work at the token endpoint', async () => {
    const answer = await suite.introspect(client('code'), 'tok-alice');
    expect(answer.body).toMatchObject({
      active: true,
      client_id: 'code',
      sub: 'alice',
      scope: 'read write',
      aud: RESOURCE,
    });
    const own = await suite.token({ grant_type: 'client_credentials', scope: 'read' }, client('cc'));
    expect([own.status, own.body]).toEqual([200, expect.anything()]);
    expect(await get('/read', String(own.body.access_token))).toBe(200);
    const wrong = { ...client('cc'), clientSecret: 's3cret-ö' };
    const refused = await suite.token({ grant_type: 'client_credentials', scope: 'read' }, wrong);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('Basic')]);
    const inForm = { client_id: 'cc', client_secret: DOT_SECRETS.cc };
    expect((await suite.token({ grant_type: 'client_credentials', scope: 'read', ...inForm })).status).toBe(200);
    const twice = { grant_type: 'client_credentials', scope: 'read', client_secret: DOT_SECRETS.cc };
    expect((await suite.token(twice, client('cc'))).status).toBe(400);
    expect((await suite.introspect(client('hs'), 'nothing')).status).toBe(200);
    expect((await suite.token({ grant_type: 'client_credentials' }, client('pw'))).status).toBe(401);
  });

  test('[IM-9] a refresh token is used once; its successors have a life of their own', async () => {
    const stranger = await suite.refresh(client('hs'), 'ref-1');
    expect([stranger.status, stranger.body.error]).toEqual([400, 'invalid_grant']);
    const first = await suite.refresh(client('code'), 'ref-1');
    expect({ status: first.status, scope: first.body.scope }).toEqual({ status: 200, scope: 'read write' });
    expect(await get('/write', String(first.body.access_token))).toBe(200);
    const second = await suite.refresh(client('code'), String(first.body.refresh_token), { scope: 'read' });
    expect([second.status, second.body.scope]).toEqual([200, 'read']);
    expect(await get('/read', String(second.body.access_token))).toBe(200);
    expect((await suite.refresh(client('code'), 'ref-nofam')).status).toBe(400);
  });

  test('[IM-10] consents of live tokens come, and the user finds the application among the authorized ones', async () => {
    const { Consent } = suite.server.oauth2.models;
    const [consent, ...more] = await Consent.query();
    expect([consent?.userId, consent?.scope, consent?.unaskedScope, more]).toEqual(['alice', 'read write', null, []]);
  });

  test('[IM-9 §4.14.2] a refresh token that was used there revokes its family, and another import revives nothing', async () => {
    const alive = await suite.refresh(client('code'), 'ref-0');
    expect([alive.status, alive.body.error]).toEqual([400, 'invalid_grant']);
    expect([await get('/read', 'tok-alice'), await get('/read', 'tok-cc')]).toEqual([401, 200]);
    expect((await suite.refresh(client('code'), 'ref-1')).status).toBe(400);
    const again = await bring('--revoke-missing');
    expect(again.counts).toMatchObject({
      access_tokens: { imported: 0, present: 3, updated: 0 },
      refresh_tokens: { imported: 0, present: 1, updated: 0 },
      spent_refresh_tokens: { imported: 0, present: 1, updated: 0 },
      consents: { imported: 0, updated: 0 },
    });
    expect([await get('/read', 'tok-alice'), await get('/read', 'tok-cc')]).toEqual([401, 200]);
    expect((await suite.refresh(client('code'), 'ref-1')).status).toBe(400);
  });
});

describe.each(STACKS)('hashed secrets of Django OAuth Toolkit, on %s', (name) => {
  const suite = useAuthorizationServer(name);
  const generated = randomBytes(96).toString('base64').replaceAll(/[+/]/g, 'Q7');
  const chosen = 'correct-horse-battery-staple';
  let source: DotTables;

  beforeAll(async () => {
    source = await DotTables.create('mariadb');
    await source.application({ client_id: 'generated', client_secret: djangoHash(generated) });
    await source.application({ client_id: 'chosen', client_secret: djangoHash(chosen) });
    await importDjango(source.url, suite.server.databaseUrl);
  });

  afterAll(() => source?.drop());

  const stored = (clientId: string) => suite.server.oauth2.applications.findByClientId(clientId);

  test.each([
    ['generated', true, generated],
    ['chosen', false, chosen],
  ])(
    '[IM-2] one that was %s works as it came, and is re-hashed at its first use: %j',
    async (clientId, isRehashed, secret) => {
      const hash = (await stored(clientId))?.clientSecretImported;
      expect(hash).toMatch(/^pbkdf2_sha256\$/);
      const ask = async (clientSecret: string) =>
        (await suite.token({ grant_type: 'client_credentials', scope: 'read' }, { clientId, clientSecret })).status;
      expect([await ask(`${secret}x`), (await stored(clientId))?.clientSecretImported]).toEqual([401, hash]);
      expect(await ask(secret)).toBe(200);
      expect((await stored(clientId))?.clientSecretImported).toBe(isRehashed ? null : hash);
      expect([await ask(secret), await ask(`${secret}x`)]).toEqual([200, 401]);
    },
  );
});
