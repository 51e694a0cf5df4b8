import { afterEach, describe, expect, test } from '@jest/globals';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { djangoHash } from '../../support/django-secrets.js';
import { useAuthorizationServer } from '../../support/spec/authorization-server.js';

describe.each(STACKS)('a new secret of an application, on %s', (name) => {
  const suite = useAuthorizationServer(name);
  afterEach(() => suite.clock.goOn());
  const applications = () => suite.server.oauth2.applications;

  async function rotated({ clientId }: TestClient, overlapSeconds?: number): Promise<TestClient> {
    const clientSecret = await applications().rotateSecret(clientId, { overlapSeconds });
    return { clientId, clientSecret: clientSecret as string };
  }

  /** At the token endpoint, in one statement and through oidc-provider, and where the secret is all that counts. */
  async function statuses(client: TestClient): Promise<number[]> {
    const form = { grant_type: 'client_credentials', scope: 'read' };
    const { clientId: client_id, clientSecret: client_secret } = client;
    const answers = [
      await suite.token(form, client),
      await suite.token({ ...form, client_id, client_secret }),
      await suite.token({ ...form, unknown: 'x' }, client),
      await suite.introspect(client, 'x'.repeat(43)),
      await suite.revoke(client, 'x'.repeat(43)),
    ];
    return answers.map(({ status }) => status);
  }
  const GOOD = [200, 200, 200, 200, 200];
  const REFUSED = [401, 401, 401, 401, 401];

  async function later<T>(seconds: number, work: () => Promise<T>): Promise<T> {
    suite.clock.offsetSeconds = seconds;
    try {
      return await work();
    } finally {
      suite.clock.offsetSeconds = 0;
    }
  }

  test('[AS-36 §2.3.1] without an overlap, the secret before it is invalid immediately', async () => {
    const first = await suite.server.register();
    expect(await statuses(first)).toEqual(GOOD);
    const second = await rotated(first);
    expect([await statuses(first), await statuses(second)]).toEqual([REFUSED, GOOD]);
    expect(await statuses(await rotated(second, 0))).toEqual(GOOD);
    expect(await statuses(second)).toEqual(REFUSED);
  });

  test('[AS-36 §2.3.1] with an overlap, both are good until it ends, and no other is', async () => {
    const first = await suite.server.register();
    expect(await statuses(first)).toEqual(GOOD);
    suite.clock.standStill();
    const second = await rotated(first, 100);
    expect([await statuses(first), await statuses(second)]).toEqual([GOOD, GOOD]);
    expect(await statuses({ ...first, clientSecret: `${first.clientSecret}x` })).toEqual(REFUSED);
    expect(await later(99, () => statuses(first))).toEqual(GOOD);
    expect(await later(101, () => statuses(first))).toEqual(REFUSED);
    expect(await later(101, () => statuses(second))).toEqual(GOOD);
  });

  test('[AS-36 §2.3.1] the overlap ends on its time also for a connection and an application that are well known', async () => {
    const first = await suite.server.register();
    suite.clock.standStill();
    await rotated(first, 100);
    // Read within the last second, twice: before and after the end.
    expect((await later(99.9, () => statuses(first)))[0]).toBe(200);
    expect((await later(100.1, () => statuses(first)))[0]).toBe(401);
  });

  test('[AS-36 §2.3.1] another new secret drops the one before the last, in an overlap too', async () => {
    const first = await suite.server.register();
    const second = await rotated(first, 1000);
    const third = await rotated(second, 10);
    expect([await statuses(first), await statuses(second), await statuses(third)]).toEqual([REFUSED, GOOD, GOOD]);
    const fourth = await rotated(third);
    expect([await statuses(second), await statuses(third), await statuses(fourth)]).toEqual([REFUSED, REFUSED, GOOD]);
  });

  test('[AS-36 §2.3.1] an imported secret overlaps likewise', async () => {
    const { application } = await applications().create({
      name: 'moved',
      grantTypes: ['client_credentials'],
      scopes: ['read'],
      importedSecretHash: djangoHash('chosen by a person'),
    });
    const first = { clientId: application.clientId, clientSecret: 'chosen by a person' };
    const second = await rotated(first, 100);
    expect([await statuses(first), await statuses(second)]).toEqual([GOOD, GOOD]);
    expect(await statuses({ ...first, clientSecret: 'guessed' })).toEqual(REFUSED);
    expect(await later(101, () => statuses(first))).toEqual(REFUSED);
    await rotated(second, 100);
    expect([await statuses(first), await statuses(second)]).toEqual([REFUSED, GOOD]);
  });

  test('[AS-36 §2.3.1] a new secret is an event, with the overlap and without the secret', async () => {
    const told: unknown[] = [];
    const stop = suite.server.oauth2.events.on('application.secretRotated', (event) => void told.push(event));
    const first = await suite.server.register({ userId: 'alice' });
    const second = await rotated(first, 60);
    await rotated(second);
    stop();
    const { clientId } = first;
    expect(told).toEqual([
      { clientId, userId: 'alice', overlapSeconds: 60 },
      { clientId, userId: 'alice', overlapSeconds: 0 },
    ]);
  });

  test.each([-1, 1.5, Number.NaN, '60', 90 * 86_400 + 1])('an overlap of %p is refused', async (overlapSeconds) => {
    const { clientId } = await suite.server.register();
    const rotating = applications().rotateSecret(clientId, { overlapSeconds: overlapSeconds as number });
    await expect(rotating).rejects.toThrow(/overlapSeconds/);
  });
});
