import type { Clock } from '../../../src/core/clock.js';
import { sha256Key } from '../../../src/core/digest.js';
import { INVALID, type Verification, verifiedToken } from '../../../src/core/verified-token.js';
import { localTokenCache } from '../../../src/resource-server/cache/local-token-cache.js';
import { MessageAuthenticator } from '../../../src/resource-server/cache/message-authenticator.js';
import { sharedTokenCache } from '../../../src/resource-server/cache/shared-token-cache.js';
import type { Invalidation, TokenCache } from '../../../src/resource-server/cache/token-cache.js';
import { ModelRedis } from '../../support/cache/model-redis.js';
import { SimulatedTime } from '../../support/cache/simulated-time.js';
import { Network } from './model-client.js';

/** How long something waits before it looks, and then before it tells what it saw, in milliseconds. */
export interface Stall {
  readonly before: number;
  readonly after: number;
  /** It ends with an error. */
  readonly fails: boolean;
}

export const PROMPT: Stall = { before: 1, after: 1, fails: false };

export interface WorldSettings {
  readonly level: 'shared' | 'local';
  readonly boundMilliseconds: number;
  readonly maxAgeMilliseconds: number;
  readonly negativeMilliseconds: number;
  readonly maxEntries: number;
  /** How far the wall clock of each process is off, in milliseconds. */
  readonly clockOffsets: readonly number[];
}

export interface TokenRow {
  readonly key: string;
  readonly userId: string | undefined;
  readonly clientId: string;
  isLive: boolean;
}

/** What a user or an application may do at a time, and since when. */
class Switches {
  readonly #off = new Set<string>();

  isOn(name: string | undefined): boolean {
    return name === undefined || !this.#off.has(name);
  }
  set(name: string, isOn: boolean): void {
    if (isOn) this.#off.delete(name);
    else this.#off.add(name);
  }
}

/** An invalidation as the operator met it. */
interface Told {
  readonly invalidation: Invalidation;
  readonly keys: readonly string[];
  readonly process: number;
  /** When it was asked for; the database had been changed before. */
  readonly askedAt: number;
  /** Another one that names the same tokens was under way there, so that their messages cannot be told apart. */
  readonly isAmbiguous: boolean;
  acknowledgedAt: number;
  /** By process: when its message arrived there; at the process itself when it was asked for. */
  readonly heardAt: Map<number, number>;
}

/** A look-up or a load in the database: what answers carry, so that it can be seen where they are from. */
interface Origin {
  readonly at: number;
  readonly process: number;
}

const AUTHENTICATOR = new MessageAuthenticator('a database', [Buffer.alloc(32, 1)]);

/** How far the wall clocks of processes may differ at most, in milliseconds; it adds to the longest age. */
const CLOCKS_DIFFER_MILLISECONDS = 1_000;

/** What has happened in all worlds, so that it can be seen that anything did. */
export const met = {
  active: 0,
  refused: 0,
  failed: 0,
  fromMemory: 0,
  fromElsewhere: 0,
  acknowledged: 0,
  rejected: 0,
  messages: 0,
};

/** Processes with a token cache each, on one database and one Redis, and somebody who watches what they answer. */
export class World {
  readonly time = new SimulatedTime();
  readonly redis = new ModelRedis(this.time);
  readonly networks: Network[] = [];
  readonly caches: (TokenCache | undefined)[] = [];
  readonly tokens: readonly TokenRow[];
  /** What must not have happened. */
  readonly complaints: string[] = [];
  /** The next loads of users stall like this, by process. */
  readonly loadStalls: Stall[] = [];
  readonly #settings: WorldSettings;
  readonly #users = new Switches();
  readonly #applications = new Switches();
  readonly #told: Told[] = [];
  readonly #origins: Origin[] = [];
  readonly #loads: Origin[] = [];
  /** By token: the last moment at which it changed whether it is good, or may have. */
  readonly #changedAt = new Map<string, number>();
  readonly #forgottenAt = new Map<string, number>();
  /** By token: since when it has been bad, by what the database says. */
  readonly #badSince = new Map<string, number>();

  constructor(settings: WorldSettings, processes: number, tokens: readonly TokenRow[]) {
    this.#settings = settings;
    this.tokens = tokens;
    this.time.install();
    for (let process = 0; process < processes; process += 1) {
      this.loadStalls.push(PROMPT);
      this.caches.push(undefined);
      this.networks.push(
        new Network(this.time, this.redis, (channel, message, at) => this.#hear(process, channel, message, at)),
      );
    }
    this.#changed();
  }

  start(process: number): void {
    const { boundMilliseconds, negativeMilliseconds, maxAgeMilliseconds, maxEntries, level } = this.#settings;
    const options = {
      maxEntries,
      negativeMaxEntries: maxEntries,
      revocationBoundSeconds: boundMilliseconds / 1000,
      negativeMaxAgeSeconds: negativeMilliseconds / 1000,
      clock: this.#clockOf(process),
    };
    const network = this.networks[process];
    if (network === undefined || this.caches[process] !== undefined) return;
    this.caches[process] =
      level === 'local'
        ? localTokenCache(options)
        : sharedTokenCache({
            ...options,
            maxAgeSeconds: maxAgeMilliseconds / 1000,
            redis: network.host(),
            authenticator: AUTHENTICATOR,
            loadUser: (userId) => this.#loadUser(process, userId),
          });
  }

  async close(): Promise<void> {
    for (const cache of this.caches) void cache?.close();
    await this.time.advance(2_000);
  }

  /** A request, which is not waited for. `stalls` are those of the look-ups that it makes; further ones are prompt. */
  request(process: number, token: TokenRow, stalls: readonly Stall[] = []): void {
    void this.ask(process, token, stalls);
  }

  async ask(process: number, token: TokenRow, stalls: readonly Stall[] = []): Promise<string> {
    const cache = this.caches[process];
    if (cache === undefined) return 'not started';
    const began = this.time.now;
    const left = [...stalls];
    let verification = cache.peek(token.key);
    const isFromMemory = verification !== undefined;
    try {
      verification ??= await cache.resolve(token.key, () => this.#lookUp(process, token, left.shift() ?? PROMPT));
    } catch {
      met.failed += 1;
      return 'failed';
    }
    if (verification.status !== 'active') {
      met.refused += 1;
      this.#checkRefusal(process, token, began, isFromMemory);
      return 'refused';
    }
    met.active += 1;
    if (isFromMemory) met.fromMemory += 1;
    const { id } = verification.token;
    if (this.#origins[id as number]?.process !== process) met.fromElsewhere += 1;
    this.#checkAdmission(process, token, began, id as number, verification.user);
    return isFromMemory ? 'from memory' : 'active';
  }

  /** Revokes a token, and tells of it with those that were issued with it. */
  revoke(process: number, tokens: readonly TokenRow[]): void {
    for (const token of tokens) token.isLive = false;
    this.#changed();
    const [first] = tokens;
    if (first === undefined) return;
    const keys = tokens.map(({ key }) => key);
    this.invalidate(process, { kind: 'token', key: first.key }, keys);
  }

  /** Issues a token, which may have been asked for before. */
  issue(process: number, token: TokenRow): void {
    if (token.isLive) return;
    token.isLive = true;
    this.#changed();
    this.caches[process]?.forgetMiss(token.key);
    this.#forgottenAt.set(`${process} ${token.key}`, this.time.now);
  }

  switchUser(process: number, userId: string, isOn: boolean, withKeys: boolean): void {
    this.#users.set(userId, isOn);
    this.#changed();
    const keys = this.tokens.filter((token) => token.userId === userId).map(({ key }) => key);
    this.invalidate(process, { kind: 'user', userId }, withKeys ? keys : []);
  }

  switchApplication(process: number, clientId: string, isOn: boolean): void {
    this.#applications.set(clientId, isOn);
    this.#changed();
    this.invalidate(process, { kind: 'application', clientId }, []);
  }

  invalidate(process: number, invalidation: Invalidation, keys: readonly string[]): void {
    const cache = this.caches[process];
    if (cache === undefined) return;
    const isAmbiguous =
      invalidation.kind === 'token' &&
      this.#told.some(
        (other) =>
          other.process === process &&
          other.acknowledgedAt === Number.POSITIVE_INFINITY &&
          other.keys.some((key) => keys.includes(key)),
      );
    const told: Told = {
      ...{ isAmbiguous, invalidation, keys, process, askedAt: this.time.now, acknowledgedAt: Number.POSITIVE_INFINITY },
      heardAt: new Map([[process, this.time.now]]),
    };
    this.#told.push(told);
    cache.invalidate(invalidation, keys).then(
      () => {
        met.acknowledged += 1;
        told.acknowledgedAt = this.time.now;
      },
      () => {
        met.rejected += 1;
      },
    );
  }

  /** How many look-ups were made in the database. */
  get lookUps(): number {
    return this.#origins.length;
  }

  isGood({ isLive, userId, clientId }: TokenRow): boolean {
    return isLive && this.#users.isOn(userId) && this.#applications.isOn(clientId);
  }

  #clockOf(process: number): Clock {
    const offset = this.#settings.clockOffsets[process] ?? 0;
    return {
      nowMilliseconds: () => 1_700_000_000_000 + this.time.now + offset,
      monotonicMilliseconds: () => 1_000_000 * process + this.time.now,
    };
  }

  async #lookUp(process: number, token: TokenRow, stall: Stall): Promise<Verification> {
    const id = this.#origins.push({ at: this.time.now, process }) - 1;
    await this.time.wait(stall.before);
    const isGood = this.isGood(token);
    await this.time.wait(stall.after);
    if (stall.fails) throw new Error('The database is away.');
    if (!isGood) return INVALID;
    const plain = verifiedToken({
      ...{ key: token.key, id, clientId: token.clientId, applicationName: undefined, userId: token.userId },
      ...{ scopes: [], audience: undefined, issuedAtMilliseconds: 0 },
      expiresAtMilliseconds: 4_000_000_000_000,
    });
    return { status: 'active', token: plain, user: undefined };
  }

  async #loadUser(process: number, userId: string): Promise<unknown> {
    const load = this.#loads.push({ at: this.time.now, process }) - 1;
    const { before, after, fails } = this.loadStalls[process] ?? PROMPT;
    await this.time.wait(before);
    const isOn = this.#users.isOn(userId);
    await this.time.wait(after);
    if (fails) throw new Error('The store of users is away.');
    return isOn ? { load } : undefined;
  }

  #hear(process: number, channel: string, message: string, publishedAt: number): void {
    if (!channel.endsWith('token-invalidations')) return;
    met.messages += 1;
    for (const { invalidation, keys, askedAt, isAmbiguous, heardAt } of this.#told) {
      if (heardAt.has(process) || isAmbiguous || publishedAt < askedAt) continue;
      // A mark that was set after an invalidation was asked for covers all that this one covers.
      const names = invalidation.kind === 'token' ? keys : [nameOf(invalidation)];
      if (names.every((name) => message.includes(name))) heardAt.set(process, this.time.now);
    }
  }

  #changed(): void {
    for (const token of this.tokens) {
      const wasBad = this.#badSince.has(token.key);
      const isGood = this.isGood(token);
      if (wasBad === !isGood) continue;
      this.#changedAt.set(token.key, this.time.now);
      if (isGood) this.#badSince.delete(token.key);
      else this.#badSince.set(token.key, this.time.now);
    }
  }

  /** Since when a process must not answer what was found before an invalidation. */
  #bindsFrom({ acknowledgedAt, heardAt }: Told, process: number): number {
    return Math.min(
      acknowledgedAt + this.#settings.boundMilliseconds,
      heardAt.get(process) ?? Number.POSITIVE_INFINITY,
    );
  }

  #checkAdmission(process: number, token: TokenRow, began: number, id: number, user: unknown): void {
    const { boundMilliseconds, maxAgeMilliseconds, level } = this.#settings;
    const lookUp = this.#origins[id] as Origin;
    const load = user === undefined ? undefined : this.#loads[(user as { readonly load: number }).load];
    const describe = `${began}–${this.time.now}: process ${process} answered with look-up ${id} of process ${lookUp.process}, begun at ${lookUp.at}, for a token`;
    const complain = (why: string) => this.complaints.push(`${describe} ${why}`);

    const longest = level === 'local' ? boundMilliseconds : maxAgeMilliseconds + CLOCKS_DIFFER_MILLISECONDS;
    if (lookUp.at < began - longest) complain('after the longest age');
    // A token that has been bad since before is bad at every moment of the request.
    const badSince = this.#badSince.get(token.key) ?? Number.POSITIVE_INFINITY;
    if (badSince < began - longest) complain(`that has been bad since ${badSince}`);

    if (level === 'local') {
      for (const told of this.#told) {
        if (!covers(told, token) || told.process !== process || told.askedAt >= began) continue;
        if (lookUp.at < told.askedAt) complain(`that was invalidated here at ${told.askedAt}`);
      }
      return;
    }
    for (const told of this.#told) {
      if (!covers(told, token) || this.#bindsFrom(told, process) >= began) continue;
      if (lookUp.at < told.askedAt)
        complain(`that was invalidated at ${told.askedAt}, acknowledged ${told.acknowledgedAt}`);
      const isOfUser = told.invalidation.kind === 'user' || told.invalidation.kind === 'everything';
      if (isOfUser && load !== undefined && load.at < told.askedAt) {
        complain(`whose user was loaded at ${load.at}, and invalidated at ${told.askedAt}`);
      }
    }
  }

  #checkRefusal(process: number, token: TokenRow, began: number, isFromMemory: boolean): void {
    const { boundMilliseconds, negativeMilliseconds } = this.#settings;
    if (this.#badSince.has(token.key)) return;
    const changedAt = this.#changedAt.get(token.key) ?? Number.NEGATIVE_INFINITY;
    const forgottenAt = this.#forgottenAt.get(`${process} ${token.key}`) ?? Number.NEGATIVE_INFINITY;
    // A refusal is remembered for a while, and one that is being looked up is joined; the process that issued it knows.
    const goodFrom = forgottenAt >= changedAt ? forgottenAt : changedAt + negativeMilliseconds + boundMilliseconds;
    if (goodFrom < began) {
      const where = isFromMemory ? 'from memory' : 'after a look-up';
      this.complaints.push(
        `${began}–${this.time.now}: process ${process} refused ${where} a token that has been good since ${changedAt}`,
      );
    }
  }
}

function nameOf(invalidation: Exclude<Invalidation, { readonly kind: 'token' }>): string {
  switch (invalidation.kind) {
    case 'user':
      return `u:${invalidation.userId}`;
    case 'application':
      return `a:${invalidation.clientId}`;
    case 'everything':
      return '*';
  }
}

function covers({ invalidation, keys }: Told, token: TokenRow): boolean {
  if (keys.includes(token.key)) return true;
  switch (invalidation.kind) {
    case 'token':
      return invalidation.key === token.key;
    case 'user':
      return invalidation.userId === token.userId;
    case 'application':
      return invalidation.clientId === token.clientId;
    case 'everything':
      return true;
  }
}

/** Tokens of some users and applications; the last ones are not issued yet. */
export function someTokens(): TokenRow[] {
  return Array.from({ length: 7 }, (_, index) => ({
    key: sha256Key(`token ${index}`),
    // The last but one acts for nobody.
    userId: index === 5 ? undefined : `user${index % 3}`,
    clientId: `application${index % 2}`,
    isLive: index < 6,
  }));
}
