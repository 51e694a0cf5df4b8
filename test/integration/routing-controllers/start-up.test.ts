import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  Authorized,
  Body,
  createKoaServer,
  Get,
  getMetadataArgsStorage,
  HttpCode,
  JsonController,
  Param,
  Post,
  UseBefore,
} from 'routing-controllers';
import { type OAuth2, RequiredScopes, Throttle } from '../../../src/public/index.js';
import { type Router as DispatchedRouter, dispatchOf } from '../../../src/routing-controllers/fast/route-dispatch.js';
import { bearerHeader, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

let classes = 0;

function makeController(): Function {
  classes += 1;

  @RequiredScopes('api')
  @JsonController(`/start-up-${classes}`)
  class Many {
    @Authorized('read')
    @Get('/')
    list() {
      return { list: true };
    }

    @Authorized('write')
    @Throttle({ name: 'many', rate: '100/s' })
    @HttpCode(201)
    @Post('/')
    create(@Body() _body: unknown) {
      return {};
    }

    @Authorized('read')
    @UseBefore((_context: unknown, next: () => unknown) => next())
    @Get('/:id')
    read(@Param('id') id: string) {
      return { id };
    }
  }
  return Many;
}

/** How often routing-controllers' lists of metadata are looked at during a step: each look at an entry asks for its class. */
function looksDuring(step: () => void): number {
  const storage = getMetadataArgsStorage();
  const lists = [storage.controllers, storage.actions, storage.params, storage.uses, storage.responseHandlers];
  let looks = 0;
  const undo: (() => void)[] = [];
  for (const list of lists as unknown as Record<string, unknown>[][]) {
    for (const entry of list) {
      const name = 'object' in entry ? 'object' : 'target';
      const value = entry[name];
      Object.defineProperty(entry, name, {
        configurable: true,
        enumerable: true,
        get() {
          looks += 1;
          return value;
        },
      });
      undo.push(() => Object.defineProperty(entry, name, { value, writable: true, enumerable: true }));
    }
  }
  step();
  for (const one of undo) one();
  return looks;
}

describe('the work of starting grows as the number of actions', () => {
  let oauth2: OAuth2;
  let issue: (scope: string) => Promise<string>;
  beforeAll(async () => {
    ({ oauth2, issue } = await testOAuth2());
  });
  afterAll(() => oauth2.close());

  const steps: [string, (controllers: Function[]) => void][] = [
    ['serving by our entry', (controllers) => void oauth2.createKoaServer({ controllers })],
    ['audit', (controllers) => oauth2.audit(controllers)],
    ['describe', (controllers) => void oauth2.describe(controllers)],
  ];

  test.each(steps)('%s looks at each piece of metadata a fixed number of times', (_name, step) => {
    const few = Array.from({ length: 40 }, makeController);
    const ofFew = looksDuring(() => step(few));
    const many = Array.from({ length: 160 }, makeController);
    const ofMany = looksDuring(() => step(many));
    expect(ofFew).toBeGreaterThan(0);
    // Four times the actions among five times the metadata: with a search for each action it would be some twenty times.
    expect(ofMany).toBeLessThan(ofFew * 8);
  });

  test('declaring a class looks at its own metadata only', () => {
    const looks = (count: number) => {
      const controllers = Array.from({ length: count }, makeController);
      return looksDuring(() => {
        for (const one of controllers) {
          Throttle('user')(one);
          RequiredScopes('more')(one.prototype, 'list');
        }
      });
    };
    const before = looks(20);
    expect(looks(80)).toBeLessThan(Math.max(before, getMetadataArgsStorage().responseHandlers.length) * 8);
  });

  test('no route is searched for at start-up; the first request to a path without parameters does it', () => {
    let searches = 0;
    const layer = (path: string) => ({ path, name: null, methods: ['GET'], paramNames: [], stack: [] });
    const router = {
      stack: ['/a', '/b', '/c'].map(layer),
      match: () => {
        searches += 1;
        return { path: [], pathAndMethod: [], route: true };
      },
    };
    dispatchOf(router as unknown as DispatchedRouter);
    expect(searches).toBe(0);
  });

  test('routing-controllers finds by the index what it finds by itself, and its storage is as it was', async () => {
    const controllers = Array.from({ length: 3 }, makeController);
    const storage = getMetadataArgsStorage();
    const names = Object.keys(storage);
    const ours = await serve(oauth2.createKoaServer({ controllers }));
    expect(Object.keys(storage)).toEqual(names);
    const theirs = await serve(createKoaServer({ controllers, ...oauth2.routingControllers() }));
    const headers = { ...bearerHeader(await issue('api read write')), 'content-type': 'application/json' };
    for (const path of ['', '/7']) {
      for (const method of ['GET', 'POST']) {
        const init = { method, headers, ...(method === 'POST' && { body: '{"x":1}' }) };
        const [one, other] = await Promise.all([ours, theirs].map((at) => at.get(`/start-up-${classes}${path}`, init)));
        expect([one?.status, await one?.text()]).toEqual([other?.status, await other?.text()]);
      }
    }
    await ours.close();
    await theirs.close();
  });
});
