import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/core/clock.js';
import { OAuth2Events } from '../../../src/core/events.js';
import { LogLimiter } from '../../../src/core/log-limiter.js';
import { silentLogger } from '../../../src/core/logger.js';

const EVENT = { clientId: 'a', userId: 'alice', scopes: ['read'] };

describe('events', () => {
  test('tells every listener of that event, in the order in which they came, until it is removed', () => {
    const events = new OAuth2Events(new LogLimiter(silentLogger, systemClock));
    const told: string[] = [];
    const removeFirst = events.on('consent.granted', () => told.push('first'));
    events.on('consent.granted', ({ clientId }) => told.push(`second ${clientId}`));
    events.on('consent.withdrawn', () => told.push('other'));
    events.emit('consent.granted', { ...EVENT });
    removeFirst();
    events.emit('consent.granted', { ...EVENT });
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
    expect(() => events.emit('consent.granted', { ...EVENT })).not.toThrow();
    await Promise.resolve();
    await Promise.resolve();
    expect(told).toEqual(['told']);
    expect(errors).toEqual([
      expect.stringMatching(/^A listener of the event consent.granted failed: Error: thrown\n +at /),
      expect.stringMatching(/^A listener of the event consent.granted failed: Error: rejected\n +at /),
    ]);
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
    events.emit('consent.granted', { ...EVENT });
    expect(seen).toEqual(EVENT);
  });
});
