import { describe, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import type { Logger } from '../../../src/core/logger.js';
import { type AccessRefusedEvent, type OAuth2Options, Public, Throttle } from '../../../src/public/index.js';
import { STACKS } from '../../support/bookstore.js';
import { useApplication } from '../../support/spec/application.js';
import { call, callRaw } from '../../support/spec/http.js';
import { toldPolicy } from './rate-limit-fields.js';

@JsonController()
class Actions {
  @Public()
  @Throttle('anon')
  @Get('/open')
  open() {
    return {};
  }

  @Public()
  @Throttle({ name: 'taken', rate: '2/h', subject: ({ address }) => address() })
  @Get('/taken')
  taken() {
    return {};
  }

  @Authorized()
  @Get('/guarded')
  guarded() {
    return {};
  }
}

describe.each(STACKS)('the address of a caller, on %s', (stack) => {
  /** An application in which each address has two anonymous requests, and two bad tokens, an hour. */
  function use(options: Pick<OAuth2Options, 'address' | 'trustedProxies' | 'ipv6PrefixLength'>) {
    const warnings: string[] = [];
    const logger: Logger = { info() {}, error() {}, warn: (message) => warnings.push(message) };
    const application = useApplication(stack, {
      oauth2: { logger, throttling: { policies: { anon: '2/h' }, failedAuthentication: '2/h' }, ...options },
      server: { controllers: [Actions] },
    });
    return {
      application,
      /** What was warned about, without what other parts say. */
      warnings: () => warnings.filter((message) => /option (trustedProxies|address)/.test(message)),
      statuses: async (requests: readonly Readonly<Record<string, string>>[], path = '/open', token?: string) => {
        const met: number[] = [];
        for (const headers of requests) met.push((await call(application.url + path, { headers, token })).status);
        return met;
      },
    };
  }
  const forwarded = (...fields: string[]) => fields.map((field) => ({ 'x-forwarded-for': field }));

  describe('behind trusted networks', () => {
    const { application, statuses, warnings } = use({ trustedProxies: ['loopback', '10.0.0.0/8', 'fd00::/8'] });

    test('[TH-49] two addresses have budgets of their own, whatever is written left of them', async () => {
      expect(await statuses(forwarded('203.0.113.1', '6.6.6.6, 203.0.113.1', '7.7.7.7, 203.0.113.1'))).toEqual([
        ...[200, 200, 429],
      ]);
      expect(await statuses(forwarded('203.0.113.2', '203.0.113.2, 10.0.0.9', '8.8.8.8,203.0.113.2,10.0.0.9'))).toEqual(
        [...[200, 200, 429]],
      );
    });

    test('[TH-49] budgets of failures go by the same address, and events tell it', async () => {
      const told: AccessRefusedEvent[] = [];
      const listener = (event: AccessRefusedEvent) => told.push(event);
      application.oauth2.events.on('access.refused', listener);
      expect(
        await statuses(forwarded('203.0.113.3', '6.6.6.6, 203.0.113.3', '7.7.7.7, 203.0.113.3'), '/guarded', 'bad'),
      ).toEqual([401, 401, 429]);
      expect(await statuses(forwarded('203.0.113.4'), '/guarded', 'bad')).toEqual([401]);
      await new Promise((resolve) => setImmediate(resolve));
      expect(told.map(({ address }) => address)).toEqual([...Array(3).fill('ip:203.0.113.3'), 'ip:203.0.113.4']);
    });

    test('[TH-49] an entry that cannot be read hides no caller behind another address', async () => {
      const entries = ['6.6.6.6, unknown, 10.1.1.1', '7.7.7.7, _hidden, 10.1.1.1', '8.8.8.8,,10.1.1.1'];
      expect(await statuses(forwarded(...entries))).toEqual([200, 200, 429]);
    });

    test('[TH-49] several lines of the field are one list', async () => {
      const met: number[] = [];
      for (const forged of ['6.6.6.6', '7.7.7.7', '8.8.8.8']) {
        const lines = [`X-Forwarded-For: ${forged}`, 'X-Forwarded-For: 203.0.113.5', 'X-Forwarded-For: 10.0.0.2'];
        met.push((await callRaw(application.url, 'GET /open', lines)).status);
      }
      expect(met).toEqual([200, 200, 429]);
    });

    test('[TH-49] a policy of its own can take the address out of the subject', async () => {
      expect(await statuses(forwarded('203.0.113.6', '203.0.113.6', '203.0.113.6'), '/taken')).toEqual([200, 200, 429]);
      expect(await statuses(forwarded('203.0.113.7'), '/taken')).toEqual([200]);
    });

    test('a trusted proxy is not warned about', () => expect(warnings()).toEqual([]));
  });

  describe('where the peer is in no trusted network', () => {
    const { statuses, warnings } = use({ trustedProxies: ['10.0.0.0/8'] });

    test('[TH-49] its field is ignored, and warned about once', async () => {
      expect(await statuses(forwarded('203.0.113.1', '203.0.113.2', '10.0.0.1'))).toEqual([200, 200, 429]);
      expect(warnings()).toHaveLength(1);
      expect(warnings()[0]).toMatch(/X-Forwarded-For came from .*127\.0\.0\.1.*share one budget/);
    });
  });

  describe.each(['X-Forwarded-For', 'Forwarded', 'X-Real-IP'])('where no proxy is trusted, by %s', (name) => {
    const { statuses, warnings } = use({});

    test('[TH-49] the field is ignored, and warned about once', async () => {
      expect(await statuses([{}])).toEqual([200]);
      expect(warnings()).toEqual([]);
      expect(await statuses([{ [name]: '203.0.113.1' }, { [name]: '203.0.113.2' }])).toEqual([200, 429]);
      expect(warnings()).toHaveLength(1);
      expect(warnings()[0]).toContain(`came with ${name}, which is ignored`);
      expect(warnings()[0]).toContain('share one budget');
    });
  });

  describe('behind a trusted proxy that writes another field', () => {
    const { statuses, warnings } = use({ trustedProxies: ['loopback'] });

    test('[TH-49] the field is ignored, and warned about once', async () => {
      const fields: Record<string, string>[] = [{}, { 'x-real-ip': '203.0.113.1' }, { forwarded: 'for=203.0.113.2' }];
      expect(await statuses(fields)).toEqual([200, 200, 429]);
      expect(await statuses(forwarded('203.0.113.3'))).toEqual([200]);
      expect(warnings()).toHaveLength(1);
      expect(warnings()[0]).toContain('X-Real-IP but without X-Forwarded-For');
    });
  });

  describe('by a resolver of the host', () => {
    let asked = 0;
    const { application, statuses, warnings } = use({
      trustedProxies: ['loopback'],
      address: (context) => {
        asked += 1;
        const said = context.headers['x-edge'] as string | undefined;
        if (said === 'throws') throw new Error('A fault of the host.');
        if (said === 'late') return Promise.reject(new Error('A late fault of the host.')) as never;
        return said;
      },
    });
    const edge = (...said: string[]) => said.map((one) => ({ 'x-edge': one, 'x-forwarded-for': '203.0.113.200' }));

    test('[TH-49] its answer counts, with or without port and brackets', async () => {
      expect(await statuses(edge('203.0.113.1', '203.0.113.1:4711', '::ffff:203.0.113.1'))).toEqual([200, 200, 429]);
      expect(await statuses(edge('2001:db8::1', '[2001:db8::2]', '[2001:db8::3]:443'))).toEqual([200, 200, 429]);
      expect(await statuses(edge('203.0.113.2', '203.0.113.2', '203.0.113.2'), '/guarded', 'bad')).toEqual([
        401, 401, 429,
      ]);
      expect(warnings()).toEqual([]);
    });

    test('[TH-49] without an answer of its own, trustedProxies decides', async () => {
      expect(await statuses(forwarded('203.0.113.3', '203.0.113.3', '203.0.113.3'))).toEqual([200, 200, 429]);
      expect(await statuses(forwarded('203.0.113.4'))).toEqual([200]);
    });

    test('[TH-49] for anything else the connection counts, which is logged once', async () => {
      expect(await statuses(edge('unknown', 'throws', 'late', '203.0.113.5, 6.6.6.6', '_hidden'))).toEqual([
        ...[200, 200, 429, 429, 429],
      ]);
      expect(warnings()).toHaveLength(1);
      expect(warnings()[0]).toContain('The option address answered with');
    });

    test('it is asked once per request', async () => {
      asked = 0;
      const token = await application.issue('', { lifetimeSeconds: -1 });
      expect(await statuses(edge('203.0.113.6'), '/open', token)).toEqual([200]);
      expect(asked).toBe(1);
    });
  });

  describe('with ipv6PrefixLength', () => {
    const { application, statuses } = use({ trustedProxies: 1, ipv6PrefixLength: 48 });

    test('[TH-49] IPv6 addresses count by as many bits', async () => {
      expect(await statuses(forwarded('2001:db8:1:1::1', '2001:db8:1:2::1', '2001:db8:1:3::1'))).toEqual([
        200, 200, 429,
      ]);
      const other = await call(`${application.url}/open`, { headers: { 'x-forwarded-for': '2001:db8:2:1::1' } });
      expect(toldPolicy(other, 'anon').remaining).toBe(1);
      const bad = forwarded('2001:db8:3:1::1', '2001:db8:3:2::1', '2001:db8:3:3::1');
      expect(await statuses(bad, '/guarded', 'bad')).toEqual([401, 401, 429]);
    });
  });
});
