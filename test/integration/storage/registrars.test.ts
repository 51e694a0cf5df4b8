import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../../src/core/errors.js';
import {
  type Application,
  ApplicationRepository,
  allowedGrantTypes,
  allowedScopes,
  isTrusted,
  type NewApplication,
  type RegistrationLimits,
  registrarOf,
} from '../../../src/storage/index.js';
import { databaseKinds } from '../../support/services.js';
import { type Fixture, openFixture } from './fixture.js';

const LIMITS: RegistrationLimits = {
  owner: { scopes: ['read', 'openid'], grantTypes: ['authorization_code', 'refresh_token'] },
  registration: { scopes: [], grantTypes: ['authorization_code'] },
  document: { scopes: ['read'], grantTypes: ['authorization_code'] },
};
const WEB: NewApplication = {
  name: 'web',
  grantTypes: ['authorization_code', 'client_credentials'],
  redirectUris: ['https://app.example.com/callback'],
  userId: 'bob',
};
const OWNER = { ownedBy: 'bob' };

describe.each(databaseKinds())('who registered an application, on %s', (kind) => {
  let fixture: Fixture;
  let applications: ApplicationRepository;
  const told: [string, readonly string[]][] = [];

  beforeAll(async () => {
    fixture = await openFixture(kind);
    applications = new ApplicationRepository(fixture.models, {
      trustCleared: ({ clientId }, cleared) => void told.push([clientId, cleared]),
    });
  });

  afterAll(() => fixture.close());

  const create = async (application: Partial<NewApplication> = {}): Promise<Application> =>
    (await applications.create({ ...WEB, ...application })).application;
  /** As it was stored before registrars were noted. */
  async function old(application: Partial<NewApplication> = {}): Promise<Application> {
    const { id, clientId } = await create(application);
    await fixture.models.Application.query().findById(id).patch({ registeredBy: null });
    return (await applications.findByClientId(clientId)) as Application;
  }

  test('[AS-53 ASVS V10.4.7] the host’s code registers as the host, unless it says otherwise', async () => {
    expect(registrarOf(await create())).toBe('host');
    expect(registrarOf(await create({ registeredBy: 'owner' }))).toBe('owner');
    expect(registrarOf(await create({ registeredBy: 'registration', userId: null }))).toBe('registration');
    await expect(create({ registeredBy: 'nobody' as never })).rejects.toThrow(ConfigurationError);
  });

  test('[AS-53 ASVS V10.4.7] a row from before counts as its owner’s; without an owner as the host’s', async () => {
    expect(registrarOf(await old())).toBe('owner');
    expect(registrarOf(await old({ userId: null }))).toBe('host');
  });

  test('[AS-53 ASVS V10.4.7] what an owner or the application itself registered is bounded, whatever is stored', async () => {
    for (const application of [await create({ registeredBy: 'owner' }), await old()]) {
      expect(allowedScopes(application, LIMITS)).toEqual(['read', 'openid']);
      expect(allowedGrantTypes(application, LIMITS)).toEqual(['authorization_code']);
    }
    const narrow = await create({ registeredBy: 'owner', scopes: ['write', 'admin'] });
    expect(allowedScopes(narrow, LIMITS)).toEqual([]);
    const stranger = await create({ registeredBy: 'registration', userId: null, scopes: null });
    expect(allowedScopes(stranger, LIMITS)).toEqual([]);
    expect(allowedScopes(await create(), LIMITS)).toBeUndefined();
    expect(allowedGrantTypes(await create(), LIMITS)).toEqual(['authorization_code', 'client_credentials']);
  });

  test('[AS-53 ASVS V10.4.7] scopes and grant types that staff gives hold beyond the limits; any scope does not', async () => {
    const { clientId } = await create({ registeredBy: 'owner', scopes: ['read'] });
    const given = await applications.update(clientId, { scopes: ['read', 'admin'], grantTypes: WEB.grantTypes });
    expect(allowedScopes(given as Application, LIMITS)).toEqual(['read', 'admin']);
    expect(allowedGrantTypes(given as Application, LIMITS)).toContain('client_credentials');
    const edited = await applications.update(clientId, { redirectUris: ['https://other.example/'] }, OWNER);
    expect(allowedScopes(edited as Application, LIMITS)).toContain('admin');
    const any = await applications.update(clientId, { scopes: null });
    expect(allowedScopes(any as Application, LIMITS)).toEqual(['read', 'openid']);
  });

  test('[AS-53 ASVS V10.4.7] an owner’s edit gives nothing that staff did not', async () => {
    const { clientId } = await create({ registeredBy: 'owner', scopes: ['read'] });
    const edited = await applications.update(clientId, { scopes: ['read', 'admin'] }, OWNER);
    expect(allowedScopes(edited as Application, LIMITS)).toEqual(['read']);
  });

  test('[AS-53 ASVS V10.4.7] a row from before keeps its registrar when staff gives it an owner', async () => {
    const { clientId } = await old({ userId: null });
    expect(registrarOf((await applications.update(clientId, { userId: 'bob' })) as Application)).toBe('host');
  });

  test.each([
    ['redirect URIs', { redirectUris: ['https://evil.example/callback'] }],
    ['redirect URIs, one more', { redirectUris: [...(WEB.redirectUris ?? []), 'https://evil.example/callback'] }],
    ['post-logout URIs', { postLogoutRedirectUris: ['https://evil.example/'] }],
    ['scopes', { scopes: ['read'] }],
    ['grant types', { grantTypes: ['authorization_code'] }],
    ['keys', { jwksUri: 'https://evil.example/keys' }],
  ] as [string, Partial<NewApplication>][])(
    '[AS-55 ASVS V10.4.7] an owner who edits the %s ends what staff had trusted the application with',
    async (_what, patch) => {
      const { clientId } = await create({ registeredBy: 'owner' });
      const flags = { skipAuthorization: true, mayIntrospect: true };
      await applications.update(clientId, flags);
      const edited = (await applications.update(clientId, patch, OWNER)) as Application;
      expect(edited).toMatchObject({ skipAuthorization: false, mayIntrospect: false });
      expect([isTrusted(edited), edited.trustClearedAtMilliseconds]).toEqual([false, expect.any(Number)]);
      expect(told.at(-1)).toEqual([clientId, ['skipAuthorization', 'mayIntrospect']]);
      expect(await applications.update(clientId, flags)).toMatchObject({ ...flags, trustClearedAtMilliseconds: null });
    },
  );

  test('[AS-55 ASVS V10.4.7] an application that staff registered for a user is the user’s after his edit', async () => {
    const { clientId } = await create({ scopes: ['read', 'write', 'introspection'] });
    const edited = (await applications.update(
      clientId,
      { redirectUris: ['https://evil.example/'] },
      OWNER,
    )) as Application;
    expect([registrarOf(edited), isTrusted(edited)]).toEqual(['owner', false]);
    // Staff's scopes stay, but for the one that opens tokens of others.
    expect(allowedScopes(edited, LIMITS)).toEqual(['read', 'write']);
    expect(told.at(-1)).toEqual([clientId, ['mayIntrospect', 'registeredBy']]);
  });

  test('[AS-55 ASVS V10.4.7] a new name, or a form that changes nothing, ends nothing; nor does an edit of staff’s', async () => {
    const { clientId } = await create({ registeredBy: 'owner', scopes: ['read'] });
    await applications.update(clientId, { skipAuthorization: true, mayIntrospect: true });
    const before = told.length;
    const same = { redirectUris: WEB.redirectUris, grantTypes: WEB.grantTypes, scopes: ['read'] };
    await applications.update(clientId, { ...same, name: 'another', postLogoutRedirectUris: [] }, OWNER);
    await applications.update(clientId, { redirectUris: ['https://staff.example/'] });
    expect(await applications.findByClientId(clientId)).toMatchObject({
      name: 'another',
      skipAuthorization: true,
      mayIntrospect: true,
    });
    expect(told.length).toBe(before);
  });

  test('[AS-55 ASVS V10.4.7] of an owner’s edit and a flag of staff’s at once, no flag stays on what staff did not see', async () => {
    const { clientId } = await create({ registeredBy: 'owner' });
    const uris = [...Array(8).keys()].map((index) => `https://evil.example/${index}`);
    await Promise.all([
      ...uris.map((uri) => applications.update(clientId, { redirectUris: [uri] }, OWNER)),
      applications.update(clientId, { redirectUris: ['https://staff.example/'], skipAuthorization: true }),
    ]);
    const now = (await applications.findByClientId(clientId)) as Application;
    expect(now.skipAuthorization).toBe(now.redirectUris === 'https://staff.example/');
  });
});
