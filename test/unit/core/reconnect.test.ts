import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  connectionErrorOf,
  firstAttempt,
  keepConnected,
  notConnected,
  outliveSecondErrors,
  release,
  rememberConnectionError,
} from '../../../src/core/reconnect.js';

class Client extends EventEmitter {
  attempts = 0;
  status = 'connecting';
  stream: EventEmitter | undefined;

  async connect(): Promise<void> {
    this.attempts += 1;
    throw new Error('refused');
  }
}

describe('a client that gave up', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('is connected again after a pause, each time, also if that fails', async () => {
    const client = new Client();
    keepConnected(client);
    client.emit('end');
    expect(client.attempts).toBe(0);
    await jest.advanceTimersByTimeAsync(50);
    expect(client.attempts).toBe(1);
    client.emit('end');
    await jest.advanceTimersByTimeAsync(50);
    expect(client.attempts).toBe(2);
  });

  test('is left alone once it is released', async () => {
    const client = new Client();
    keepConnected(client);
    client.emit('end');
    release(client);
    await jest.advanceTimersByTimeAsync(50);
    expect(client.attempts).toBe(0);
  });
});

describe('why a client is not connected', () => {
  test('is remembered until it is', () => {
    const client = new Client();
    rememberConnectionError(client);
    expect(connectionErrorOf(client)).toBeUndefined();
    expect(notConnected(client).message).toBe('not connected to Redis');
    client.emit('error', new Error('wrong\npassword'));
    expect(connectionErrorOf(client)).toBe('wrong\\npassword');
    expect(notConnected(client).message).toBe('not connected to Redis: wrong\\npassword');
    client.emit('ready');
    expect(connectionErrorOf(client)).toBeUndefined();
  });

  test('of a Cluster is what its last node said, before what the client says', () => {
    const client = new Client();
    const node = new Client();
    rememberConnectionError(client);
    client.emit('+node', node);
    client.emit('error', new Error('closed'));
    expect(connectionErrorOf(client)).toBe('closed');
    client.emit('error', Object.assign(new Error('closed'), { lastNodeError: new Error('from the last') }));
    expect(connectionErrorOf(client)).toBe('from the last');
    node.emit('error', new Error('wrong password'));
    expect(connectionErrorOf(client)).toBe('wrong password');
    client.emit('ready');
    client.emit('error', new Error('closed'));
    expect(connectionErrorOf(client)).toBe('closed');
  });

  test('a second error of a socket ends no process, whether it comes before or after the first is told', async () => {
    for (const tell of ['connecting', 'error']) {
      const client = new Client();
      rememberConnectionError(client);
      client.stream = new EventEmitter();
      client.emit(tell, new Error('first'));
      await new Promise(setImmediate);
      expect(() => client.stream?.emit('error', new Error('second'))).not.toThrow();
    }
  });

  test('nor does one of a node of a Cluster', async () => {
    for (const tell of ['connecting', 'error']) {
      const client = new Client();
      const node = new Client();
      rememberConnectionError(client);
      client.emit('+node', node);
      node.stream = new EventEmitter();
      node.emit(tell, new Error('first'));
      await new Promise(setImmediate);
      expect(() => node.stream?.emit('error', new Error('second'))).not.toThrow();
    }
  });

  test('a client without a socket has no second error', async () => {
    const client = new Client();
    outliveSecondErrors(client);
    client.emit('connecting');
    await new Promise(setImmediate);
    client.stream = {} as EventEmitter;
    client.emit('connecting');
    await new Promise(setImmediate);
    expect(client.listenerCount('connecting')).toBe(1);
  });
});

describe('the first attempt of a client', () => {
  test('is over when it is connected already', async () => {
    const client = new Client();
    client.status = 'ready';
    await expect(firstAttempt(client)).resolves.toBeUndefined();
    expect(client.eventNames()).toEqual([]);
  });

  test.each(['ready', 'error', 'close', 'end'])('is over with the event %s', async (event) => {
    const client = new Client();
    let over = false;
    const attempt = firstAttempt(client).then(() => {
      over = true;
    });
    await new Promise(setImmediate);
    expect(over).toBe(false);
    client.emit(event, new Error('refused'));
    await attempt;
    expect(over).toBe(true);
  });
});
