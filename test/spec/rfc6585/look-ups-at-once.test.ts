import { Agent, get } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { LOOK_UPS_AT_ONCE } from '../../../src/resource-server/authentication/look-up-admission.js';
import { STACKS } from '../../support/bookstore.js';
import { type SmallUser, useApplication } from '../../support/spec/application.js';

@JsonController('/guarded')
class Guarded {
  @Authorized('read')
  @Get()
  get() {
    return { ok: true };
  }
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

describe.each(STACKS)('look-ups that take long, on %s', (name) => {
  const waiting: (() => void)[] = [];
  let slow = false;
  const app = useApplication(name, {
    oauth2: {
      users: {
        async findById(id): Promise<SmallUser> {
          if (slow) await new Promise<void>((resolve) => waiting.push(resolve));
          return { id, active: true };
        },
        isActive: (user) => (user as SmallUser).active,
      },
    },
    server: { controllers: [Guarded] },
  });
  const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY });

  afterEach(() => {
    slow = false;
    for (const goOn of waiting.splice(0)) goOn();
  });

  const ask = (token: string) =>
    new Promise<Answer>((resolve, reject) => {
      get(`${app.url}/guarded`, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
        response.resume();
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] }),
        );
      }).once('error', reject);
    });

  const until = async (what: string, condition: () => boolean) => {
    for (let turn = 0; !condition(); turn += 1) {
      if (turn > 2_000) throw new Error(`waited in vain until ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  async function tokens(count: number): Promise<string[]> {
    const issued = [];
    for (let more = 0; more < count; more += 1) issued.push(await app.issue('read', { user: `user ${more}` }));
    return issued;
  }

  test('[TH-48] are no failures: 450 good cold tokens from one address at one time are all admitted', async () => {
    const cold = await tokens(450);
    slow = true;
    const answers = Promise.all(cold.map(ask));
    await until('all are being looked up', () => waiting.length === 450);
    slow = false;
    for (const goOn of waiting.splice(0)) goOn();
    const statuses = (await answers).map(({ status }) => status);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
  });

  test('[TH-48] are bounded by number for each address: beyond it 503 with Retry-After', async () => {
    const cold = await tokens(LOOK_UPS_AT_ONCE + 5);
    slow = true;
    const answers = cold.map(ask);
    const refused = [];
    for (const answer of answers) void answer.then((one) => one.status !== 200 && refused.push(one));
    await until('the bound is reached', () => waiting.length === LOOK_UPS_AT_ONCE && refused.length === 5);
    slow = false;
    for (const goOn of waiting.splice(0)) goOn();
    const settled = await Promise.all(answers);
    expect(settled.filter(({ status }) => status === 200)).toHaveLength(LOOK_UPS_AT_ONCE);
    expect(settled.filter(({ status }) => status !== 200)).toEqual(
      Array.from({ length: 5 }, () => ({ status: 503, retryAfter: '1' })),
    );
    expect((await ask(cold[0] as string)).status).toBe(200);
  }, 60_000);
});
