import fc, { type Arbitrary } from 'fast-check';
import type { ChainableCommander, Redis } from 'ioredis';
import { hostile } from './texts.js';

/** Writes something under a key, or over what is there. */
export interface Written {
  /** What is said where a check fails. */
  readonly what: string;
  readonly write: (redis: Redis, key: string) => Promise<unknown>;
}

const named = (what: string, write: Written['write']): Written => ({ what, write });

/** What is written instead of what is there, whatever its type, at once: a process may write there meanwhile. */
const replaced = (what: string, write: (commands: ChainableCommander, key: string) => ChainableCommander): Written =>
  named(what, (redis, key) => write(redis.multi().del(key), key).exec());

/** A text under the key. */
export const text = (values: Arbitrary<string>): Arbitrary<Written> =>
  values.map((value) => named(`text ${JSON.stringify(value)}`, (redis, key) => redis.set(key, value)));

/** Values of the other types of Redis. */
export const ofAnotherType: Arbitrary<Written> = hostile.chain((value) =>
  fc.constantFrom(
    replaced('a list', (commands, key) => commands.rpush(key, value)),
    replaced('a set', (commands, key) => commands.sadd(key, value)),
    replaced('a sorted set', (commands, key) => commands.zadd(key, 1, value)),
    replaced('a hash', (commands, key) => commands.hset(key, value, value)),
    replaced('a stream', (commands, key) => commands.xadd(key, '*', 'field', value)),
  ),
);

/** Numbers, and what is none, by names that Lua makes values of: JSON has no NaN, and MessagePack has. */
const LUA_VALUES = ['nan', 'inf', '-inf', 'nil', 'true', 'table', 'text', '5', '-1', '-1000000', '1e300', '0', '0.5'];
export const luaValue: Arbitrary<string> = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom('nan', '-1', '-1000000') },
  { weight: 1, arbitrary: fc.constantFrom(...LUA_VALUES) },
);

const VALUE_OF = `
local function value_of(name)
  local values = { nan = 0 / 0, inf = 1 / 0, ['-inf'] = -1 / 0, ['true'] = true, table = { 1, 2 }, text = 'text' }
  if name == 'nil' then return nil end
  if values[name] ~= nil then return values[name] end
  return tonumber(name)
end`;

/** Overwrites a member of a MessagePack array that is there; ARGV: position, the name of a value. */
const OVERWRITE = `${VALUE_OF}
local state = cmsgpack.unpack(redis.call('GET', KEYS[1]))
state[tonumber(ARGV[1])] = value_of(ARGV[2])
redis.call('SET', KEYS[1], cmsgpack.pack(state))
return 1`;

/** The same in the log of a sliding window, which is a MessagePack array within one. */
const OVERWRITE_LOG = `${VALUE_OF}
local state = cmsgpack.unpack(redis.call('GET', KEYS[1]))
local log = cmsgpack.unpack(state[3])
log[tonumber(ARGV[1])] = value_of(ARGV[2])
state[3] = cmsgpack.pack(log)
redis.call('SET', KEYS[1], cmsgpack.pack(state))
return 1`;

/** Stores a MessagePack array of values. */
const PACK = `${VALUE_OF}
local all = {}
for i = 1, #ARGV do all[i] = value_of(ARGV[i]) end
redis.call('SET', KEYS[1], cmsgpack.pack(all))
return 1`;

/** One member of a MessagePack array is another one, or of the log in it, if there is one. */
export const overwrittenMember = (positions: number): Arbitrary<Written> =>
  fc
    .tuple(fc.integer({ min: 1, max: positions }), luaValue, fc.constantFrom(OVERWRITE, OVERWRITE_LOG))
    .map(([at, value, script]) =>
      named(`member ${at} is ${value}`, (redis, key) => redis.eval(script, 1, key, at, value).catch(() => undefined)),
    );

/** A MessagePack array of anything. */
export const packed: Arbitrary<Written> = fc
  .array(luaValue, { maxLength: 6 })
  .map((values) => named(`packed ${values}`, (redis, key) => redis.eval(PACK, 1, key, ...values)));

/** What is there, cut, or with a byte that is another one. */
export const damaged: Arbitrary<Written> = fc.tuple(fc.nat(200), fc.nat(255), fc.boolean()).map(([at, byte, isCut]) =>
  named(`damaged at ${at}`, async (redis, key) => {
    const stored = await redis.getBuffer(key).catch(() => null);
    if (stored === null || stored.length === 0) return;
    const where = at % stored.length;
    const changed = Buffer.from(isCut ? stored.subarray(0, where) : stored);
    if (!isCut) changed[where] = byte;
    await redis.set(key, changed);
  }),
);
