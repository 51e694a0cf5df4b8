import type { SimulatedTime } from './simulated-time.js';

type Value = { readonly hash: Map<string, string> } | { readonly scores: Map<string, number> };

interface Stored {
  readonly value: Value;
  /** By the server's clock; `undefined`: never. */
  expiresAt: number | undefined;
}

type Data = Map<string, Stored>;

/** Who hears what is published. */
export interface Listener {
  receive(channel: string, message: string, publishedAt: number): void;
}

/** A Redis server as far as the token cache uses it. Each command runs at once; the scripts of the cache are written anew. */
export class ModelRedis {
  runId = 'run1';
  /** How far the clock of the server is off, in milliseconds. */
  clockOffset = 0;
  isUp = true;
  #data: Data = new Map();
  #saved: Data = new Map();
  #runs = 1;
  readonly #channels = new Map<string, Set<Listener>>();
  readonly #time: SimulatedTime;

  constructor(time: SimulatedTime) {
    this.#time = time;
  }

  execute(name: string, values: readonly unknown[]): unknown {
    const command = this.#commands[name];
    if (command === undefined) throw new Error(`The model knows no command ${name}.`);
    // Redis is sent texts.
    return command(...values.map(String));
  }

  subscribe(channel: string, listener: Listener): void {
    const listeners = this.#channels.get(channel) ?? new Set();
    this.#channels.set(channel, listeners.add(listener));
  }

  unsubscribe(listener: Listener): void {
    for (const listeners of this.#channels.values()) listeners.delete(listener);
  }

  /** Whether a field holds a ticket. */
  holds(key: string, field: string, ticket: string | undefined): boolean {
    return this.#hash(key)?.get(field) === ticket;
  }

  get keys(): readonly string[] {
    return [...this.#data.keys()];
  }

  flush(): void {
    this.#data.clear();
  }

  evict(key: string): void {
    this.#data.delete(key);
  }

  /** What a restart with old content brings back. */
  save(): void {
    this.#saved = copyOf(this.#data);
  }

  restart(withSavedContent: boolean): void {
    this.#runs += 1;
    this.runId = `run${this.#runs}`;
    this.#data = withSavedContent ? copyOf(this.#saved) : new Map();
    this.#channels.clear();
  }

  get #now(): number {
    return this.#time.now + 1_700_000_000_000 + this.clockOffset;
  }

  #live(key: string): Stored | undefined {
    const stored = this.#data.get(key);
    if (stored?.expiresAt === undefined || this.#now < stored.expiresAt) return stored;
    this.#data.delete(key);
    return undefined;
  }

  #hash(key: string): Map<string, string> | undefined {
    const value = this.#live(key)?.value;
    return value !== undefined && 'hash' in value ? value.hash : undefined;
  }

  #scores(key: string): Map<string, number> | undefined {
    const value = this.#live(key)?.value;
    return value !== undefined && 'scores' in value ? value.scores : undefined;
  }

  #set(key: string, field: string, text: string, milliseconds: number): void {
    const stored = this.#live(key) ?? { value: { hash: new Map() }, expiresAt: undefined };
    this.#data.set(key, stored);
    if ('hash' in stored.value) stored.value.hash.set(field, text);
    stored.expiresAt = Math.max(stored.expiresAt ?? 0, this.#now + milliseconds);
  }

  #publish(channel: string, message: string): number {
    const listeners = [...(this.#channels.get(channel) ?? [])];
    for (const listener of listeners) listener.receive(channel, message, this.#time.now);
    return listeners.length;
  }

  /** The time of the server in microseconds, and the last generation of the marks. */
  #generation(key: string, keep: string, known: string): { readonly now: number; readonly last: number } {
    const now = Math.round(this.#now * 1000);
    const last = this.#scores(key)?.get('#') ?? 0;
    return { now, last: Number(known) > Math.max(now, last) ? Number(known) + Number(keep) * 1000 : last };
  }

  #remember(key: string, generation: number, keep: string, name?: string): string {
    const stored = this.#live(key) ?? { value: { scores: new Map<string, number>() }, expiresAt: undefined };
    this.#data.set(key, stored);
    if (!('scores' in stored.value)) throw new Error('WRONGTYPE');
    const { scores } = stored.value;
    if (name !== undefined) scores.set(name, generation);
    scores.set('#', generation);
    if (!scores.has('^')) scores.set('^', generation);
    stored.expiresAt = this.#now + Number(keep) * 2;
    return String(generation);
  }

  readonly #commands: Record<string, (...values: string[]) => unknown> = {
    info: () => `# Server\r\nredis_version:7.0.0\r\nrun_id:${this.runId}\r\n`,
    del: (...keys) => keys.filter((key) => this.#data.delete(key)).length,
    scan: () => ['0', [...this.#data.keys()].filter((key) => 'hash' in (this.#data.get(key)?.value ?? {}))],
    tokenCacheRead: (count, ...rest) => {
      const [keys, [milliseconds, field = '', ticket = '']] = keysAndValues(count, rest);
      return keys.map((key) => {
        const held = this.#hash(key)?.get(field);
        if (held === undefined) this.#set(key, field, ticket, Number(milliseconds));
        return held ?? null;
      });
    },
    tokenCacheFill: (count, ...rest) => {
      const [keys, [field = '', ...values]] = keysAndValues(count, rest);
      const filled = keys.filter((key, index) => {
        const [ticket, value = '', milliseconds] = values.slice(3 * index);
        if (!this.holds(key, field, ticket)) return false;
        this.#set(key, field, value, Number(milliseconds));
        return true;
      });
      return filled.length;
    },
    tokenCacheRelease: (key = '', field = '', seen) => {
      const hash = this.#hash(key);
      if (hash?.get(field) !== seen) return 0;
      hash?.delete(field);
      if (hash?.size === 0) this.#data.delete(key);
      return 1;
    },
    tokenCachePublish: (_key, channel = '', message = '') => this.#publish(channel, message),
    tokenCacheProbe: (key = '', channel = '', message = '', keep = '', known = '') => {
      const { now, last } = this.#generation(key, keep, known);
      const generation = this.#remember(key, Math.max(now, last), keep);
      return [this.#publish(channel, message), generation];
    },
    tokenCacheMark: (key = '', channel = '', message = '', keep = '', known = '', name = '') => {
      const { now, last } = this.#generation(key, keep, known);
      const scores = this.#scores(key);
      const oldest = now - Number(keep) * 1000;
      for (const [each, score] of scores ?? []) {
        if (each === '^') scores?.set(each, Math.max(score, oldest));
        else if (score < oldest) scores?.delete(each);
      }
      const generation = this.#remember(key, Math.max(now, last + 1), keep, name);
      this.#publish(channel, `${generation} ${message}`);
      return generation;
    },
    tokenCacheHighestMark: (key = '', ...names) => {
      const scores = this.#scores(key);
      const began = scores?.get('^');
      if (scores === undefined || began === undefined) return null;
      return String(Math.max(began, ...names.map((name) => scores.get(name) ?? 0)));
    },
  };
}

/** What a script with several keys is called with. */
function keysAndValues(count: string | undefined, rest: readonly string[]): [readonly string[], readonly string[]] {
  return [rest.slice(0, Number(count)), rest.slice(Number(count))];
}

function copyOf(data: Data): Data {
  return new Map(
    [...data].map(([key, { value, expiresAt }]) => {
      const copy = 'hash' in value ? { hash: new Map(value.hash) } : { scores: new Map(value.scores) };
      return [key, { value: copy, expiresAt }];
    }),
  );
}
