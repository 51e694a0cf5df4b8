import { EventEmitter } from 'node:events';
import type { Redis, RedisOptions } from 'ioredis';
import type { Listener, ModelRedis } from '../../support/cache/model-redis.js';
import type { SimulatedTime } from '../../support/cache/simulated-time.js';

/** The network between one process and Redis. */
export class Network {
  /** How long what is sent is on its way, in milliseconds. */
  commandMilliseconds = 1;
  answerMilliseconds = 1;
  messageMilliseconds = 1;
  /** No connection can be made. */
  isCut = false;
  /** What is sent from now on arrives nowhere, and nobody is told. */
  losesCommands = false;
  losesAnswers = false;
  readonly clients = new Set<ModelClient>();
  readonly time: SimulatedTime;
  readonly redis: ModelRedis;
  /** Told of each message that reaches the process, before it does. */
  readonly onMessage: (channel: string, message: string, publishedAt: number) => void;

  constructor(time: SimulatedTime, redis: ModelRedis, onMessage: Network['onMessage']) {
    this.time = time;
    this.redis = redis;
    this.onMessage = onMessage;
  }

  /** What the token cache is given as the client of the host: it only makes duplicates of it. */
  host(): Redis {
    const host = {
      isCluster: false,
      options: { keyPrefix: '' },
      defineCommand() {},
      duplicate: (options: RedisOptions) => new ModelClient(this, options),
    };
    return host as unknown as Redis;
  }

  /** Ends connections of one kind. */
  cut(kind: 'commands' | 'subscriber'): void {
    for (const client of [...this.clients]) if (client.kind === kind) client.lose();
  }

  /** From now on nothing that is published reaches the subscriber that is connected, and nobody is told. */
  silence(): void {
    for (const client of this.clients) if (client.kind === 'subscriber') client.isSilent = true;
  }
}

const CONNECT_MILLISECONDS = 3;

/** A client of ioredis as far as the token cache uses it: one connection, on which everything stays in its order. */
export class ModelClient extends EventEmitter implements Listener {
  readonly isCluster = false;
  readonly options: RedisOptions;
  status = 'connecting';
  isSilent = false;
  #connection = 0;
  #attempts = 0;
  #isClosed = false;
  #lastThere = 0;
  #lastBack = 0;
  readonly #waiting = new Set<(error: Error) => void>();
  readonly #network: Network;

  constructor(network: Network, options: RedisOptions) {
    super();
    this.#network = network;
    this.options = options;
    network.clients.add(this);
    this.#connectLater(CONNECT_MILLISECONDS);
  }

  get kind(): 'commands' | 'subscriber' {
    return this.options.enableOfflineQueue === false ? 'commands' : 'subscriber';
  }

  defineCommand(name: string): void {
    Object.assign(this, { [name]: (...values: unknown[]) => this.#call(name, values) });
  }

  info(section: string): Promise<unknown> {
    return this.#call('info', [section]);
  }

  del(...keys: string[]): Promise<unknown> {
    return this.#call('del', keys);
  }

  scan(...values: unknown[]): Promise<unknown> {
    return this.#call('scan', values);
  }

  async subscribe(...channels: string[]): Promise<void> {
    if (this.status !== 'ready')
      await new Promise<void>((resolve, reject) => {
        this.once('ready', resolve);
        this.once('end', () => reject(new Error('Connection is closed.')));
      });
    await this.#send(() => {
      for (const channel of channels) this.#network.redis.subscribe(channel, this);
    });
  }

  async connect(): Promise<void> {
    this.#connectLater(CONNECT_MILLISECONDS);
  }

  disconnect(): void {
    this.#isClosed = true;
    this.lose();
  }

  /** The connection ends, at both sides. */
  lose(): void {
    if (this.status === 'end') return;
    const wasReady = this.status === 'ready';
    this.#connection += 1;
    this.#network.redis.unsubscribe(this);
    this.isSilent = false;
    this.status = 'close';
    for (const fail of [...this.#waiting]) fail(new Error('Connection is closed.'));
    if (wasReady) this.emit('close');
    this.#attempts += 1;
    const delay = this.#isClosed ? undefined : this.options.retryStrategy?.(this.#attempts);
    if (typeof delay === 'number') {
      this.status = 'reconnecting';
      this.#connectLater(delay + CONNECT_MILLISECONDS);
      return;
    }
    this.status = 'end';
    this.#network.clients.delete(this);
    queueMicrotask(() => this.emit('end'));
  }

  /** Something was published. */
  receive(channel: string, message: string, publishedAt: number): void {
    const connection = this.#connection;
    if (this.isSilent) return;
    this.#back(this.#network.messageMilliseconds, () => {
      if (connection !== this.#connection || this.isSilent) return;
      this.#network.onMessage(channel, message, publishedAt);
      this.emit('message', channel, message);
    });
  }

  #connectLater(milliseconds: number): void {
    const connection = this.#connection;
    this.#network.time.after(milliseconds, () => {
      if (connection !== this.#connection || this.#isClosed) return;
      if (this.#network.isCut || !this.#network.redis.isUp) return this.lose();
      this.#attempts = 0;
      this.status = 'ready';
      this.emit('ready');
    });
  }

  #call(name: string, values: readonly unknown[]): Promise<unknown> {
    if (this.status !== 'ready') {
      return Promise.reject(new Error("Stream isn't writeable and enableOfflineQueue options is false"));
    }
    return this.#send(() => this.#network.redis.execute(name, values));
  }

  #send<Answer>(perform: () => Answer): Promise<Answer> {
    const { time } = this.#network;
    const connection = this.#connection;
    const { runId } = this.#network.redis;
    return new Promise<Answer>((resolve, reject) => {
      const timers = [
        time.after(this.options.commandTimeout ?? 1000, () => fail(new Error('Command timed out'))),
        // An answer that is owed for so long ends the connection.
        time.after(this.options.socketTimeout ?? 60_000, () => connection === this.#connection && this.lose()),
      ];
      const fail = (error: Error) => {
        this.#waiting.delete(fail);
        reject(error);
      };
      this.#waiting.add(fail);
      if (this.#network.losesCommands) return;
      this.#there(this.#network.commandMilliseconds, () => {
        // A command that was sent before the connection broke may still arrive, at the server that it was sent to.
        if (!this.#network.redis.isUp || this.#network.redis.runId !== runId) return;
        if (this.kind === 'subscriber' && connection !== this.#connection) return;
        const answer = perform();
        if (this.#network.losesAnswers) return;
        this.#back(this.#network.answerMilliseconds, () => {
          for (const timer of timers) timer.isCancelled = true;
          if (connection !== this.#connection) return;
          this.#waiting.delete(fail);
          resolve(answer);
        });
      });
    });
  }

  #there(milliseconds: number, run: () => void): void {
    const { time } = this.#network;
    this.#lastThere = Math.max(this.#lastThere, time.now + milliseconds);
    time.after(this.#lastThere - time.now, run);
  }

  #back(milliseconds: number, run: () => void): void {
    const { time } = this.#network;
    this.#lastBack = Math.max(this.#lastBack, time.now + milliseconds);
    time.after(this.#lastBack - time.now, run);
  }
}
