import type { RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Clock } from '../../../src/core/clock.js';
import { type JwtIssuer, newIssuerKey } from '../../support/jwt-issuer.js';
import type { Reply } from '../../support/spec/http.js';
import {
  type StartedJwtApplication,
  startJwtApplication,
  useJwtApplication,
} from '../../support/spec/jwt-application.js';
import { expectInvalidToken } from '../../support/spec/refusals.js';

const SQLITE = 'SQLite + memory';
const QUICK = { timeoutMilliseconds: 300 };

/** The time of the machine, as far ahead as a test says. */
class ShiftedClock implements Clock {
  offsetMilliseconds = 0;

  nowMilliseconds(): number {
    return Date.now() + this.offsetMilliseconds;
  }

  monotonicMilliseconds(): number {
    return performance.now() + this.offsetMilliseconds;
  }
}

/** 503 with `Retry-After`, and no challenge: the token may be good. */
function expectAway(reply: Reply, name = ''): void {
  expect([name, reply.status, reply.body]).toEqual([
    name,
    503,
    {
      error: 'temporarily_unavailable',
      error_description: 'The server is temporarily unable to decide on this request.',
    },
  ]);
  expect(Number(reply.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(reply.headers.get('www-authenticate')).toBeNull();
}

const json =
  (body: unknown): RequestListener =>
  (_request, response) =>
    response.end(JSON.stringify(body));
/** All as it should be, but for the answer with the keys; those are also where a redirect leads. */
function keysAnswerWith(issuer: JwtIssuer, fault: RequestListener): void {
  const { metadata, jwks } = issuer.published;
  issuer.published.answer = (request, response) => {
    if (request.url === '/keys') fault(request, response);
    else json(request.url === '/elsewhere' ? jwks : metadata)(request, response);
  };
}

/** What an endpoint may do in place of an answer with keys. */
const FAULTS: Readonly<Record<string, RequestListener>> = {
  'answers 500': (_request, response) => {
    response.statusCode = 500;
    response.end('{"keys":[]}');
  },
  'answers 204': (_request, response) => {
    response.statusCode = 204;
    response.end();
  },
  'redirects to keys': (_request, response) => {
    response.statusCode = 302;
    response.setHeader('location', '/elsewhere');
    response.end();
  },
  'never answers': () => undefined,
  'sends its fields and no more': (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
  },
  'sends half a body': (_request, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('{"keys":');
    setTimeout(() => response.destroy(), 20);
  },
  'sends half a body and waits': (_request, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('{"keys":');
  },
  'closes the connection': (request) => {
    request.socket.destroy();
  },
  'sends without end': (_request, response) => {
    response.writeHead(200);
    const block = ' '.repeat(65_536);
    const go = () => {
      while (!response.destroyed && response.write(block));
      if (!response.destroyed) response.once('drain', go);
    };
    go();
  },
  'sends HTML': (_request, response) => response.end('<html>'),
  'sends a list': json([]),
  'sends no list of keys': json({ keys: {} }),
  'sends too many keys': json({ keys: Array.from({ length: 101 }, () => ({})) }),
  'sends no UTF-8': (_request, response) => response.end(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
};

describe('an issuer whose endpoint for keys fails', () => {
  const clock = new ShiftedClock();
  const apps: [string, RequestListener, StartedJwtApplication][] = [];
  beforeAll(async () => {
    await Promise.all(
      Object.entries(FAULTS).map(async ([name, fault]) => {
        const prepare = (issuer: JwtIssuer) => keysAnswerWith(issuer, fault);
        apps.push([name, fault, await startJwtApplication(SQLITE, { jwt: QUICK, oauth2: { clock }, prepare })]);
      }),
    );
  });
  afterAll(() => Promise.all(apps.map(([, , app]) => app.close())));
  const each = (check: (app: StartedJwtApplication, name: string, fault: RequestListener) => Promise<void>) =>
    Promise.all(apps.map(([name, fault, app]) => check(app, name, fault)));

  test('[RS-11 §4] requests with its tokens get 503 until the keys are there, and then accepted', async () => {
    await each(async (app, name) => {
      const token = await app.issuer.token();
      expectAway(await app.get(token), name);
      expectAway(await app.get(token), name);
      expect([name, (await app.get(await app.issue('read'))).status]).toEqual([name, 200]);
    });
    await each(async (app) => {
      app.issuer.published.answer = undefined;
      await until(async () => (await app.present()).status === 200);
    });
  });

  test('[RS-11 §4] keys that are held stay good', async () => {
    const stranger = await newIssuerKey();
    for (const [, fault, app] of apps) keysAnswerWith(app.issuer, fault);
    // Then a token with another key has the keys fetched.
    clock.offsetMilliseconds += 10_000;
    await each(async (app, name) => {
      expectAway(await app.present({ key: stranger }), name);
      expect([name, (await app.present()).status]).toEqual([name, 200]);
      expectInvalidToken(await app.present({ key: stranger, header: { kid: app.issuer.key.kid } }));
    });
  });
});

/** Waits for something that takes a while; a test's own time ends it. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(50);
}

describe('metadata that lies', () => {
  const lies: [string, (url: string) => unknown][] = [
    ['is another issuer’s', (url) => ({ issuer: `${url}/`, jwks_uri: `${url}/keys` })],
    ['names no keys', (url) => ({ issuer: url })],
    ['names keys by http elsewhere', (url) => ({ issuer: url, jwks_uri: 'http://keys.example/keys' })],
    ['names keys in a file', (url) => ({ issuer: url, jwks_uri: 'file:///etc/passwd' })],
    ['is no object', () => []],
    ['is null', () => null],
  ];

  test.each(lies)('[RFC 8414 §3.3] that %s is not used', async (_name, lie) => {
    const app = await startJwtApplication(SQLITE, {
      jwt: QUICK,
      prepare: (issuer) => {
        issuer.published.metadata = lie(issuer.url);
      },
    });
    try {
      expectAway(await app.present());
      expect(app.issuer.keyRequests).toBe(0);
    } finally {
      await app.close();
    }
  });
});

describe('an issuer that is down when the application starts', () => {
  test('[RS-11 §4] requests with its tokens get 503, the application’s own are not', async () => {
    const app = await startJwtApplication(SQLITE, { jwt: QUICK, prepare: (issuer) => issuer.stop() });
    try {
      await app.oauth2.ready();
      const token = await app.issuer.token();
      expectAway(await app.get(token));
      expect((await app.get(await app.issue('read'))).status).toBe(200);
      await app.issuer.restart();
      await until(async () => (await app.get(token)).status === 200);
    } finally {
      await app.close();
    }
  });
});

describe('keys that could not be fetched again for long', () => {
  const app = useJwtApplication(SQLITE, { jwt: { ...QUICK, keysReloadSeconds: 1, keysMaxAgeSeconds: 2 } });

  test('[RS-11 §4] are not used any more', async () => {
    expect((await app.present()).status).toBe(200);
    await app.issuer.stop();
    expect((await app.present()).status).toBe(200);
    await until(async () => (await app.present()).status === 503);
    expectAway(await app.present());
    await app.issuer.restart();
    await until(async () => (await app.present()).status === 200);
  });
});

describe('unknown keys', () => {
  const clock = new ShiftedClock();
  const app = useJwtApplication(SQLITE, { oauth2: { clock } });

  test('[RS-11 §4] cost one fetch per cooldown, however many come', async () => {
    expect((await app.present()).status).toBe(200);
    expect(app.issuer.keyRequests).toBe(1);
    const stranger = await newIssuerKey();
    const storm = () =>
      Promise.all(
        Array.from({ length: 40 }, async (_, index) =>
          expectInvalidToken(await app.present({ key: stranger, header: { kid: `unknown-${index}` } })),
        ),
      );
    await storm();
    expect(app.issuer.keyRequests).toBe(1);
    clock.offsetMilliseconds += 10_000;
    await storm();
    await storm();
    expect(app.issuer.keyRequests).toBe(2);
  });

  test('[RS-11 §4] also while the issuer fails', async () => {
    clock.offsetMilliseconds += 10_000;
    let asked = 0;
    app.issuer.published.answer = ({ url }, response) => {
      if (url === '/keys') asked += 1;
      response.statusCode = 500;
      response.end();
    };
    const stranger = await newIssuerKey();
    const storm = () =>
      Promise.all(Array.from({ length: 40 }, async () => expectAway(await app.present({ key: stranger }))));
    await storm();
    await storm();
    expect(asked).toBe(1);
    app.issuer.published.answer = undefined;
  });
});

describe('keys that rotate under load', () => {
  const app = useJwtApplication(SQLITE, { jwt: { keysCooldownSeconds: 1 } });

  test('[RS-11 §4] no valid token is refused', async () => {
    expect((await app.present()).status).toBe(200);
    const statuses: number[] = [];
    let isOver = false;
    const old = await app.issuer.token();
    const load = Promise.all(
      Array.from({ length: 8 }, async () => {
        while (!isOver) {
          statuses.push((await app.present()).status, (await app.get(old)).status);
          await sleep(5);
        }
      }),
    );
    for (let round = 0; round < 3; round += 1) {
      // An issuer publishes a key for a while before it signs with it.
      const key = await app.issuer.publish();
      await until(async () => (await app.present({ key })).status === 200);
      app.issuer.use(key);
    }
    await sleep(300);
    isOver = true;
    await load;
    expect(statuses.length).toBeGreaterThan(50);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  test('[RS-11 §4] a key that was taken away is not good any more for new tokens', async () => {
    const gone = app.issuer.key;
    const next = await newIssuerKey();
    app.issuer.published.jwks = { keys: [next.publicJwk] };
    await until(async () => (await app.present({ key: next })).status === 200);
    expectInvalidToken(await app.present({ key: gone }));
  });
});

describe('a key that its issuer takes away', () => {
  const app = useJwtApplication(SQLITE, { jwt: { keysReloadSeconds: 1, keysCooldownSeconds: 1 } });

  test('[RS-11 §4] ends the tokens that it has signed, also those that are cached', async () => {
    const token = await app.issuer.token();
    expect((await app.get(token)).status).toBe(200);
    app.issuer.published.jwks = { keys: [(await newIssuerKey()).publicJwk] };
    let reply = await app.get(token);
    for (let round = 0; reply.status === 200 && round < 100; round += 1) {
      await sleep(100);
      reply = await app.get(token);
    }
    expectInvalidToken(reply);
  });
});
