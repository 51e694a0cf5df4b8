import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/core/clock.js';
import { OAuth2Events } from '../../../src/core/events/events.js';
import { LogLimiter } from '../../../src/core/log-limiter.js';
import { silentLogger } from '../../../src/core/logger.js';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

const EVENT = { clientId: 'a', userId: 'alice', scopes: ['read'] };

const CHANNEL = 'routing-controllers-oauth2:consent.granted';

describe('events', () => {
  test('tells every listener of that event, in the order in which they came, until it is removed', () => {
    const events = new OAuth2Events(new LogLimiter(silentLogger, systemClock));
    const told: string[] = [];
    const removeFirst = events.on('consent.granted', () => told.push('first'));
    events.on('consent.granted', ({ clientId }) => told.push(`second ${clientId}`));
    events.on('consent.withdrawn', () => told.push('other'));
    events.tell('consent.granted', () => ({ ...EVENT }));
    removeFirst();
    events.tell('consent.granted', () => ({ ...EVENT }));
    expect(told).toEqual(['first', 'second a', 'second a']);
  });

  test('logs what a listener throws or rejects with, and tells the others nevertheless', async () => {
    const errors: string[] = [];
    const events = new OAuth2Events(
      new LogLimiter({ ...silentLogger, error: (message) => errors.push(message) }, systemClock),
    );
    const told: string[] = [];
    events.on('consent.granted', () => {
      throw new Error('thrown');
    });
    events.on('consent.granted', async () => {
      throw new Error('rejected');
    });
    events.on('consent.granted', () => told.push('told'));
    expect(() => events.tell('consent.granted', () => ({ ...EVENT }))).not.toThrow();
    await Promise.resolve();
    await Promise.resolve();
    expect(told).toEqual(['told']);
    expect(errors).toEqual([
      expect.stringMatching(/^A listener of the event consent.granted failed: Error: thrown\n +at /),
      expect.stringMatching(/^A listener of the event consent.granted failed: Error: rejected\n +at /),
    ]);
  });

  test('events for later come in order once the current work is done, outside of the context of any request', async () => {
    const events = new OAuth2Events(new LogLimiter(silentLogger, systemClock));
    const request = new AsyncLocalStorage<string>();
    const told: unknown[] = [];
    events.on('consent.granted', ({ clientId }) => {
      told.push([clientId, request.getStore()]);
      // What a listener causes comes in a turn of its own.
      if (clientId === 'a') events.topics['consent.granted'].tellLater(() => ({ ...EVENT, clientId: 'caused' }));
    });
    for (const clientId of ['a', 'b']) {
      request.run(clientId, () => events.topics['consent.granted'].tellLater(() => ({ ...EVENT, clientId })));
    }
    expect(told).toEqual([]);
    await nextTurn();
    expect(told).toEqual([
      ['a', undefined],
      ['b', undefined],
    ]);
    await nextTurn();
    expect(told.slice(2)).toEqual([['caused', undefined]]);
  });

  test('gives every listener the same event, which none can change', () => {
    const events = new OAuth2Events(new LogLimiter(silentLogger, systemClock));
    let seen: unknown;
    events.on('consent.granted', (event) => {
      (event as { clientId: string }).clientId = 'changed';
    });
    events.on('consent.granted', (event) => {
      seen = event;
    });
    events.tell('consent.granted', () => ({ ...EVENT }));
    expect(seen).toEqual(EVENT);
  });

  test('publishes each event on its channel of node:diagnostics_channel too', () => {
    const events = new OAuth2Events(new LogLimiter(silentLogger, systemClock));
    const published: unknown[] = [];
    const subscriber = (event: unknown) => published.push(event);
    subscribe(CHANNEL, subscriber);
    events.tell('consent.granted', () => ({ ...EVENT }));
    events.tell('consent.withdrawn', () => ({ ...EVENT }));
    unsubscribe(CHANNEL, subscriber);
    events.tell('consent.granted', () => ({ ...EVENT }));
    expect(published).toEqual([EVENT]);
    expect(Object.isFrozen(published[0])).toBe(true);
  });

  test('counts what happens, and makes an event only for who listens, here or on the channel', () => {
    const events = new OAuth2Events(new LogLimiter(silentLogger, systemClock));
    let made = 0;
    const tell = () =>
      events.tell('consent.granted', () => {
        made += 1;
        return { ...EVENT };
      });
    tell();
    expect(made).toBe(0);
    const stop = events.on('consent.granted', () => undefined);
    tell();
    stop();
    tell();
    expect(made).toBe(1);
    const subscriber = () => undefined;
    subscribe(CHANNEL, subscriber);
    tell();
    unsubscribe(CHANNEL, subscriber);
    tell();
    expect(made).toBe(2);
    expect(events.topics['consent.granted'].count).toBe(5);
  });

  test('counts what is told later too, and makes an event only for who listens', () => {
    const events = new OAuth2Events(new LogLimiter(silentLogger, systemClock));
    const topic = events.topics['consent.granted'];
    let made = 0;
    const make = () => {
      made += 1;
      return { ...EVENT };
    };
    topic.tellLater(make);
    expect([topic.count, made]).toEqual([1, 0]);
    const stop = events.on('consent.granted', () => undefined);
    topic.tellLater(make);
    stop();
    expect([topic.count, made]).toEqual([2, 1]);
  });

  test('refuses the name of an event that there is not', () => {
    const events = new OAuth2Events(new LogLimiter(silentLogger, systemClock));
    expect(() => events.on('token.lost' as never, () => undefined)).toThrow(
      /^There is no event token\.lost; there are [A-Za-z.]+(?:, [A-Za-z.]+)+\.$/,
    );
  });
});
