import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApplicationRepository, type ClearedTrust, type DocumentedApplication } from '../../../src/storage/index.js';
import { databaseKinds } from '../../support/services.js';
import { type Fixture, openFixture } from './fixture.js';

const documented = (clientId: string, more: Partial<DocumentedApplication> = {}): DocumentedApplication => ({
  clientId,
  registeredBy: 'document',
  name: 'An agent',
  clientType: 'public',
  grantTypes: ['authorization_code'],
  redirectUris: ['https://agent.example.com/callback'],
  scopes: ['read'],
  ...more,
});

describe.each(databaseKinds())('applications that a document registers, on %s', (kind) => {
  let fixture: Fixture;
  let applications: ApplicationRepository;
  const told: (readonly ClearedTrust[])[] = [];
  beforeAll(async () => {
    fixture = await openFixture(kind);
    applications = new ApplicationRepository(fixture.models, {
      trustCleared: (_one, cleared) => void told.push(cleared),
    });
  });
  afterAll(() => fixture.close());

  test('[AS-67] of several processes that read a document at once, one stores it, and all get it', async () => {
    const url = 'https://agent.example.com/race.json';
    const stored = await Promise.all(
      Array.from({ length: 6 }, () => new ApplicationRepository(fixture.models).storeDocumented(documented(url), 1000)),
    );
    expect(new Set(stored.map((one) => one?.id)).size).toBe(1);
    expect(stored[0]?.clientId).toBe(url);
    expect((await applications.findByClientId(url))?.metadataExpiresAtMilliseconds).toBe(1000);
  });

  test('[AS-67] what staff has approved, set and disabled outlasts a change of the document; its trust does not', async () => {
    const url = 'https://agent.example.com/staff.json';
    await applications.storeDocumented(documented(url), 1000);
    await applications.update(url, {
      ...{ scopes: ['read', 'write', 'introspection'], grantTypes: ['authorization_code', 'refresh_token'] },
      ...{ skipAuthorization: true, accessTokenLifetimeSeconds: 60 },
    });
    await applications.disable(url);
    const changed = await applications.storeDocumented(
      documented(url, { name: 'Other', clientType: 'public', redirectUris: ['https://agent.example.com/new'] }),
      2000,
    );
    expect(changed).toMatchObject({
      name: 'Other',
      redirectUris: 'https://agent.example.com/new',
      grantTypes: 'authorization_code refresh_token',
      approvedScope: 'read write',
      skipAuthorization: false,
      accessTokenLifetimeSeconds: 60,
      metadataExpiresAtMilliseconds: 2000,
      disabledAtMilliseconds: expect.any(Number),
    });
    expect(told).toEqual([['skipAuthorization', 'mayIntrospect']]);
  });

  test('[AS-67] an application of somebody else keeps its identifier', async () => {
    const clientId = 'https://agent.example.com/host.json';
    await applications.create({ name: 'Host', clientId, grantTypes: ['client_credentials'] });
    expect(await applications.storeDocumented(documented(clientId), 1000)).toBeUndefined();
    expect(await applications.findByClientId(clientId)).toMatchObject({
      name: 'Host',
      metadataExpiresAtMilliseconds: null,
    });
  });
});
