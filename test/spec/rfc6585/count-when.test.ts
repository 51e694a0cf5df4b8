import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Context } from 'koa';
import { Ctx, createKoaServer, Get, HttpError, JsonController } from 'routing-controllers';
import { Public, Throttle } from '../../../src/public/index.js';
import type { CountWhen } from '../../../src/throttling/index.js';
import { STACKS } from '../../support/bookstore.js';
import { KEEP_ALIVE_MILLISECONDS } from '../../support/http.js';
import { useApplication } from '../../support/spec/application.js';
import { call } from '../../support/spec/http.js';
import { toldPolicy } from './rate-limit-fields.js';

const LIMIT = 3;
const who = ({ request: asked }: { request: unknown }) =>
  String((asked as { headers: Record<string, string> }).headers['x-who']);
const policy = (name: string, countWhen: CountWhen, more: object = {}) => ({
  ...{ name, rate: `${LIMIT}/h`, subject: who, countWhen },
  ...more,
});

/** What an action waits for before it answers. */
const held: (() => void)[] = [];

async function answer(context: Context): Promise<object> {
  const { status, wait } = context.query;
  if (wait !== undefined) await new Promise<void>((resolve) => held.push(resolve));
  if (status === 'throws') throw new Error('A fault of the action.');
  if (Number(status) >= 400) throw new HttpError(Number(status), 'Refused by the action.');
  context.status = Number(status);
  return {};
}

@JsonController()
class Actions {
  @Public()
  @Throttle(policy('refused', 'refused'))
  @Get('/refused')
  refused(@Ctx() context: Context) {
    return answer(context);
  }

  @Public()
  @Throttle(policy('sliding', 'refused', { algorithm: 'sliding-window' }))
  @Get('/sliding')
  sliding(@Ctx() context: Context) {
    return answer(context);
  }

  @Public()
  @Throttle(policy('fresh', (status) => status === 200))
  @Get('/fresh')
  fresh(@Ctx() context: Context) {
    return answer(context);
  }

  @Public()
  @Throttle(
    policy('broken', () => {
      throw new Error('A fault of the rule.');
    }),
  )
  @Get('/broken')
  broken(@Ctx() context: Context) {
    return answer(context);
  }

  @Public()
  @Throttle('every', policy('withEvery', 'refused'))
  @Get('/both')
  both(@Ctx() context: Context) {
    return answer(context);
  }
}

const ENTRIES = ['createKoaServer', 'routingControllers()'] as const;

describe.each(STACKS.flatMap((stack) => ENTRIES.map((entry) => [stack, entry] as const)))(
  'a policy that counts by the answer, on %s, by %s',
  (stack, entry) => {
    const application = useApplication(stack, {
      oauth2: { throttling: { policies: { every: { rate: '5/h', subject: who } } } },
      server: { controllers: [Actions] },
    });
    let own: Server | undefined;
    let url = '';
    let people = 0;
    beforeAll(async () => {
      url = application.url;
      if (entry === 'createKoaServer') return;
      const koa = createKoaServer({ ...application.oauth2.routingControllers(), controllers: [Actions] });
      koa.silent = true;
      own = createServer({ keepAliveTimeout: KEEP_ALIVE_MILLISECONDS }, koa.callback());
      await new Promise<void>((resolve) => own?.listen(0, '127.0.0.1', resolve));
      url = `http://127.0.0.1:${(own.address() as AddressInfo).port}`;
    });
    afterAll(() => {
      own?.closeAllConnections();
      own?.close();
    });

    const someone = () => `person${++people}`;
    const ask = (path: string, name: string) => call(`${url}${path}`, { headers: { 'x-who': name } });
    const statuses = async (path: string, name: string, count: number) => {
      const met: number[] = [];
      for (let more = 0; more < count; more++) met.push((await ask(path, name)).status);
      return met;
    };

    test.each(['/refused', '/sliding'])("[TH-45] 'refused' counts refusals, and nothing else (%s)", async (path) => {
      const name = someone();
      expect(await statuses(`${path}?status=200`, name, 8)).toEqual(Array(8).fill(200));
      expect(await statuses(`${path}?status=503`, name, 4)).toEqual(Array(4).fill(503));
      expect(await statuses(`${path}?status=401`, name, 2)).toEqual([401, 401]);
      expect(await statuses(`${path}?status=200`, name, 8)).toEqual(Array(8).fill(200));
      expect(await statuses(`${path}?status=403`, name, 2)).toEqual([403, 429]);
      // Whoever is over the limit is over it for right answers too.
      expect(await statuses(`${path}?status=200`, name, 2)).toEqual([429, 429]);
      expect(await statuses(`${path}?status=200`, someone(), 1)).toEqual([200]);
    });

    test('[TH-45] a fault of the action counts as refused', async () => {
      expect(await statuses('/refused?status=throws', someone(), 5)).toEqual([500, 500, 500, 429, 429]);
    });

    test('[TH-45] a function says which answers count', async () => {
      const name = someone();
      expect(await statuses('/fresh?status=304', name, 6)).toEqual(Array(6).fill(304));
      expect(await statuses('/fresh?status=404', name, 6)).toEqual(Array(6).fill(404));
      expect(await statuses('/fresh?status=200', name, 4)).toEqual([200, 200, 200, 429]);
    });

    test('[TH-45] a function that fails counts everything', async () => {
      expect(await statuses('/broken?status=200', someone(), 4)).toEqual([200, 200, 200, 429]);
    });

    test.each(['/refused', '/sliding'])(
      '[TH-45] of many refusals at once no more than the limit pass (%s)',
      async (path) => {
        const name = someone();
        const replies = await Promise.all(Array.from({ length: 40 }, () => ask(`${path}?status=401`, name)));
        expect(replies.filter(({ status }) => status === 401)).toHaveLength(LIMIT);
        expect(replies.filter(({ status }) => status === 429)).toHaveLength(40 - LIMIT);
      },
    );

    test('[TH-45] a connection that is cut before the answer counts', async () => {
      const name = someone();
      for (let more = 0; more < LIMIT; more++) {
        const asked = request(`${url}/refused?status=200&wait=1`, { headers: { 'x-who': name }, agent: false });
        asked.on('error', () => {});
        asked.end();
        while (held.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        const closed = new Promise((resolve) => asked.once('close', resolve));
        asked.destroy();
        await closed;
        await new Promise((resolve) => setTimeout(resolve, 50));
        held.shift()?.();
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(await statuses('/refused?status=200', name, 1)).toEqual([429]);
    });

    test('[TH-46] what is returned is returned by that policy alone', async () => {
      const name = someone();
      expect(await statuses('/both?status=200', name, 6)).toEqual([200, 200, 200, 200, 200, 429]);
    });

    test('[TH-51] RateLimit tells of the moment in which the request was admitted, with this request in it', async () => {
      const name = someone();
      for (let more = 0; more < 2; more++) {
        expect(toldPolicy(await ask('/refused?status=200', name), 'refused').remaining).toBe(LIMIT - 1);
      }
      await ask('/refused?status=401', name);
      expect(toldPolicy(await ask('/refused?status=200', name), 'refused').remaining).toBe(LIMIT - 2);
    });
  },
);
