import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, describe, expect, test } from '@jest/globals';
import type { Reply } from '../../support/spec/http.js';
import { foreignToken, useIntrospection } from '../../support/spec/introspecting-application.js';
import { goodAnswer, type Script, useScriptedEndpoint } from '../../support/spec/introspection-endpoint.js';

const JSON_TYPE = { 'content-type': 'application/json' };

/** 503, when to come again, and nothing about what is wrong. */
function expectNotNow(reply: Reply): number {
  expect({ status: reply.status, body: reply.body }).toEqual({
    status: 503,
    body: {
      error: 'temporarily_unavailable',
      error_description: 'The server is temporarily unable to decide on this request.',
    },
  });
  expect(reply.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  expect(reply.headers.get('www-authenticate')).toBeNull();
  return Number(reply.headers.get('retry-after'));
}

const sendJson =
  (text: string): Script =>
  (_, response) =>
    void response.writeHead(200, JSON_TYPE).end(text);

const elsewhere = { asked: 0, server: createServer(), url: '' };
elsewhere.server.on('request', (_, response) => {
  elsewhere.asked += 1;
  response.writeHead(200, JSON_TYPE).end(JSON.stringify(goodAnswer()));
});

afterAll(() => new Promise<void>((resolve) => void elsewhere.server.close(() => resolve())));

/** What an endpoint may do instead of answering, so that only the time-out ends it. */
const SILENCE: readonly (readonly [string, Script])[] = [
  ['says nothing', () => undefined],
  ['stops in the middle of its answer', (_, response) => void response.writeHead(200, JSON_TYPE).write('{"active":')],
  [
    'trickles without an end',
    (_, response) => {
      response.writeHead(200, JSON_TYPE);
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
    },
  ],
];

/** Everything else. */
const FAULTS: readonly (readonly [string, Script])[] = [
  [
    'sends less than it announced and closes',
    (_, response) => {
      response.writeHead(200, { ...JSON_TYPE, 'content-length': '500' });
      response.write(JSON.stringify(goodAnswer()), () => response.destroy());
    },
  ],
  ['closes the connection', (_, response) => void response.destroy()],
  ['sends 1 MB', sendJson(JSON.stringify(goodAnswer({ filling: 'x'.repeat(1_000_000) })))],
  ['sends a little more than 64 KiB', sendJson(JSON.stringify(goodAnswer({ filling: 'x'.repeat(65_536) })))],
  [
    'sends without an end, as fast as it can',
    (_, response) => {
      response.writeHead(200, JSON_TYPE);
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(16_384)));
      };
      response.on('drain', more);
      more();
    },
  ],
  ['sends HTML', (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Welcome</p>')],
  [
    'sends good JSON as HTML',
    (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end(JSON.stringify(goodAnswer())),
  ],
  ['sends no JSON', sendJson('{"active":true')],
  ['sends nothing', sendJson('')],
  ['sends a list', sendJson('[{"active":true}]')],
  ['says active as a text', sendJson('{"active":"true"}')],
  ['says active as a number', sendJson('{"active":1}')],
  ['says nothing about active', sendJson('{"sub":"5"}')],
  [
    'says active twice',
    (_, response) => {
      const good = JSON.stringify(goodAnswer());
      response.writeHead(200, JSON_TYPE).end(good.replace('{', '{"active":false,'));
    },
  ],
  [
    'compresses what was not asked for',
    (_, response) =>
      void response.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' }).end(JSON.stringify(goodAnswer())),
  ],
  [
    'answers 500 with a good body',
    (_, response) => void response.writeHead(500, JSON_TYPE).end(JSON.stringify(goodAnswer())),
  ],
  ['answers 201', (_, response) => void response.writeHead(201, JSON_TYPE).end(JSON.stringify(goodAnswer()))],
  ['answers 204', (_, response) => void response.writeHead(204).end()],
  ['answers 400', (_, response) => void response.writeHead(400, JSON_TYPE).end('{"error":"invalid_request"}')],
  ['answers 401', (_, response) => void response.writeHead(401, JSON_TYPE).end('{"error":"invalid_client"}')],
  ['answers 403', (_, response) => void response.writeHead(403).end()],
  ['answers 404', (_, response) => void response.writeHead(404).end()],
  ['answers 429', (_, response) => void response.writeHead(429).end()],
  [
    'redirects to one that would admit',
    (_, response) => void response.writeHead(307, { location: elsewhere.url }).end(),
  ],
  ['moved to one that would admit', (_, response) => void response.writeHead(308, { location: elsewhere.url }).end()],
];

describe('[RS-13 RFC 7662 §2.3] an endpoint that does not end its answer', () => {
  const endpoint = useScriptedEndpoint();
  const application = useIntrospection(endpoint, { tokens: { timeoutMilliseconds: 300 } });

  /** A busy machine may take longer than the time-out for a good answer, too. */
  async function untilGood(token: string): Promise<void> {
    endpoint.script = () => goodAnswer();
    do application.clock.offsetSeconds += 31;
    while ((await application.who(token)).status !== 200);
  }

  test.each(SILENCE)('[RS-13] one that %s: 503 with Retry-After, and 200 when it answers again', async (_, script) => {
    await untilGood(foreignToken());
    endpoint.script = script;
    const token = foreignToken();
    for (const one of [token, token, foreignToken()]) expectNotNow(await application.who(one));
    await untilGood(token);
  });
});

describe('[RS-13 RFC 7662 §2.3] an endpoint that gives no answer', () => {
  const endpoint = useScriptedEndpoint();
  const application = useIntrospection(endpoint, { tokens: { timeoutMilliseconds: 20_000 } });
  let pause = 0;

  /** Each fault meets a breaker that is closed. */
  async function recovered(): Promise<void> {
    endpoint.script = () => goodAnswer();
    application.clock.offsetSeconds += 31;
    expect((await application.who(foreignToken())).status).toBe(200);
  }

  test.each(FAULTS)('[RS-13] one that %s: 503 with Retry-After, and 200 when it answers again', async (_, script) => {
    if (elsewhere.url === '') {
      await new Promise<void>((resolve) => elsewhere.server.listen(0, '127.0.0.1', resolve));
      elsewhere.url = `http://127.0.0.1:${(elsewhere.server.address() as AddressInfo).port}/introspect`;
    }
    await recovered();
    endpoint.script = script;
    const token = foreignToken();
    for (const one of [token, token, foreignToken()]) expectNotNow(await application.who(one));
    await recovered();
    expect((await application.who(token)).status).toBe(200);
    expect(elsewhere.asked).toBe(0);
  });

  test('[RS-13] one that is not there: 503, and 200 when it is back', async () => {
    await recovered();
    await endpoint.stop();
    for (let count = 0; count < 3; count += 1) expectNotNow(await application.who(foreignToken()));
    await endpoint.start();
    await recovered();
  });

  test('[RS-14] a token that is cached is good all the while', async () => {
    await recovered();
    endpoint.script = () => goodAnswer();
    const token = foreignToken();
    expect((await application.who(token)).status).toBe(200);
    endpoint.script = (_, response) => void response.destroy();
    for (let count = 0; count < 10; count += 1) await application.who(foreignToken());
    expect((await application.who(token)).status).toBe(200);
  });

  test('after five failures in a row it is left alone: no call is made, and Retry-After says for how long', async () => {
    await recovered();
    endpoint.script = (_, response) => void response.writeHead(500).end();
    for (let count = 0; count < 5; count += 1) await application.who(foreignToken());
    endpoint.calls.length = 0;
    for (let count = 0; count < 20; count += 1) pause = expectNotNow(await application.who(foreignToken()));
    expect(endpoint.calls).toHaveLength(0);
    expect(pause).toBe(1);
    expect(application.log.filter((line) => /does not answer/.test(line)).length).toBeGreaterThan(0);
  });

  test('when the pause is over one call tries it, and who comes meanwhile is refused at once', async () => {
    let answer = (): void => undefined;
    endpoint.script = async () => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return goodAnswer();
    };
    endpoint.calls.length = 0;
    application.clock.offsetSeconds += 31;
    const tried = application.who(foreignToken());
    while (endpoint.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const others = await Promise.all(Array.from({ length: 20 }, () => application.who(foreignToken())));
    for (const reply of others) expectNotNow(reply);
    expect(endpoint.calls).toHaveLength(1);
    answer();
    expect((await tried).status).toBe(200);
    endpoint.script = () => goodAnswer();
    expect((await application.who(foreignToken())).status).toBe(200);
    expect(application.log.at(-1)).toMatch(/answers again/);
  });

  test('a 400 for what one caller sent opens nothing for others', async () => {
    await recovered();
    endpoint.script = ({ form }, response) =>
      form.get('token')?.endsWith('.bad') ? void response.writeHead(400).end() : goodAnswer();
    for (let count = 0; count < 20; count += 1) expectNotNow(await application.who(`${foreignToken()}.bad`));
    expect((await application.who(foreignToken())).status).toBe(200);
  });

  test('one that asks to be left alone is, for as long as it says', async () => {
    await recovered();
    endpoint.script = (_, response) => void response.writeHead(429, { 'retry-after': '7' }).end();
    expect(expectNotNow(await application.who(foreignToken()))).toBe(7);
    endpoint.calls.length = 0;
    expectNotNow(await application.who(foreignToken()));
    expect(endpoint.calls).toHaveLength(0);
  });

  test('that it does not take our credentials is told once in the log, by name and without the secret', async () => {
    await recovered();
    application.log.length = 0;
    endpoint.script = (_, response) => void response.writeHead(401).end('secret');
    for (let count = 0; count < 12; count += 1) {
      expectNotNow(await application.who(foreignToken()));
      application.clock.offsetSeconds += 31;
    }
    const told = application.log.filter((line) => line.includes('refuses the credentials'));
    expect(told).toEqual([expect.stringContaining('introspectedTokens.clientId ("api")')]);
    expect(application.log.join('\n')).not.toMatch(/: secret|"secret"/);
  });

  test('a kept connection that it has closed meanwhile costs no request', async () => {
    await recovered();
    const used = new Set<Socket | null>();
    endpoint.script = (_, { socket }) => {
      if (!used.has(socket)) {
        used.add(socket);
        return goodAnswer();
      }
      socket?.resetAndDestroy();
      return undefined;
    };
    endpoint.calls.length = 0;
    for (let count = 0; count < 5; count += 1) expect((await application.who(foreignToken())).status).toBe(200);
    expect(endpoint.calls.length).toBeGreaterThan(5);
  });
});

describe('[RS-13] many at one time', () => {
  const endpoint = useScriptedEndpoint();
  const application = useIntrospection(endpoint, { tokens: { concurrency: 4, timeoutMilliseconds: 20_000 } });

  test('no more calls are under way than concurrency says, and the others wait', async () => {
    let now = 0;
    let most = 0;
    endpoint.script = async () => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      return goodAnswer();
    };
    const replies = await Promise.all(Array.from({ length: 40 }, () => application.who(foreignToken())));
    expect(replies.map(({ status }) => status)).toEqual(Array(40).fill(200));
    expect(most).toBeLessThanOrEqual(4);
  });

  test('more than ten times as many are refused at once, and hang nowhere', async () => {
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    endpoint.script = async () => {
      await gate;
      return goodAnswer();
    };
    const replies: number[] = [];
    const pending = Array.from({ length: 60 }, async () => {
      replies.push((await application.who(foreignToken())).status);
    });
    while (replies.length < 16) await new Promise((resolve) => setImmediate(resolve));
    expect(replies).toEqual(Array(16).fill(503));
    go();
    await Promise.all(pending);
    expect(replies.filter((status) => status === 200)).toHaveLength(44);
  });
});
