import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { TestClient } from '../support/authorization-server.js';
import { Site, signIn } from './site.js';

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

describe.each([
  ['on', true],
  ['off', false],
])('connecting a device with JavaScript %s', (_name, javaScriptEnabled) => {
  let site: Site;
  let device: TestClient;

  beforeAll(async () => {
    site = await Site.start();
    device = await site.register({
      name: 'Television',
      clientType: 'public',
      grantTypes: [DEVICE_CODE],
      redirectUris: [],
    });
  }, 60_000);

  afterAll(() => site.close());

  async function begin(): Promise<{ readonly deviceCode: string; readonly userCode: string }> {
    const response = await site.server.post('/oauth2/device_authorization', {
      client_id: device.clientId,
      scope: 'read',
    });
    const answer = (await response.json()) as { readonly device_code: string; readonly user_code: string };
    return { deviceCode: answer.device_code, userCode: answer.user_code };
  }

  function poll(deviceCode: string): Promise<Record<string, unknown>> {
    return site.server.token({ grant_type: DEVICE_CODE, client_id: device.clientId, device_code: deviceCode });
  }

  async function enter(page: Page, userCode: string): Promise<void> {
    await page.goto('/oauth2/device');
    await page.getByLabel('Code').fill(userCode);
    await page.getByRole('button', { name: 'Continue' }).click();
  }

  test('[AS-39 §3.3] a user who enters the code, confirms it, signs in and allows gives the device a token', async () => {
    const { deviceCode, userCode } = await begin();
    const page = await site.open({ javaScriptEnabled });
    await enter(page, userCode.toLowerCase());
    await page.getByRole('heading', { name: 'Is this your device?' }).waitFor();
    expect(await page.locator('p.code').textContent()).toBe(userCode);
    await page.getByRole('button', { name: 'Yes, connect it' }).click();
    await signIn(page, 'alice');
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByRole('heading', { name: 'Connected' }).waitFor();
    expect(await poll(deviceCode)).toMatchObject({ token_type: 'Bearer', scope: 'read' });
    await page.context().close();
  });

  test('[AS-39 §3.3] a user who says that the device is not theirs gives it access_denied', async () => {
    const { deviceCode, userCode } = await begin();
    const page = await site.open({ javaScriptEnabled });
    await enter(page, userCode);
    await page.getByRole('button', { name: 'No, this is not mine' }).click();
    await page.getByRole('heading', { name: 'Refused' }).waitFor();
    expect(await page.getByRole('status').textContent()).toContain('The device was refused.');
    expect(await page.getByLabel('Code').count()).toBe(0);
    expect(await poll(deviceCode)).toMatchObject({ error: 'access_denied' });
    await page.context().close();
  });

  test('a code that is none is said, and the field is where one goes on', async () => {
    const page = await site.open({ javaScriptEnabled });
    await enter(page, 'WRNG-WRNG');
    await page.getByRole('alert').waitFor();
    expect(await page.getByLabel('Code').getAttribute('aria-invalid')).toBe('true');
    await page.context().close();
  });
});
