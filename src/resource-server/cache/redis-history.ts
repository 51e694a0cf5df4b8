import {
  type HistoryStore,
  isPeak,
  SLOT_COUNT,
  SLOT_MILLISECONDS,
  type SlotCounts,
  type SlotSpan,
  slotNumbers,
} from '../../core/observation/history-store.js';
import { withDeadline } from './deadline.js';
import type { RedisClient } from './redis-connections.js';

/** How long a page waits for the counts, and a process for sending them. */
const DEADLINE_MILLISECONDS = 1_000;

/**
 * Adds to the hash of a minute and to that of a quarter of an hour: `ARGV` has their lifetimes, the number of sums, then names
 * with numbers, sums first.
 */
const ADD = `
local sums = tonumber(ARGV[3])
for index, key in ipairs(KEYS) do
  for at = 4, #ARGV, 2 do
    if (at - 4) / 2 < sums then
      redis.call('HINCRBY', key, ARGV[at], ARGV[at + 1])
    elseif (tonumber(redis.call('HGET', key, ARGV[at])) or 0) < tonumber(ARGV[at + 1]) then
      redis.call('HSET', key, ARGV[at], ARGV[at + 1])
    end
  end
  redis.call('PEXPIRE', key, ARGV[index])
end
return 1`;

/** What the store depends on. */
export interface RedisHistoryDependencies {
  readonly client: RedisClient;
  /** The prefix of its keys; all of them are in one slot of a cluster. */
  readonly keyPrefix: string;
  readonly isAvailable: () => boolean;
}

/** The counts of all processes in Redis: a hash for each minute of an hour, and for each quarter of an hour of a day. */
export class RedisHistory implements HistoryStore {
  constructor(private readonly dependencies: RedisHistoryDependencies) {}

  get isAvailable(): boolean {
    return this.dependencies.isAvailable();
  }

  async add(atMilliseconds: number, counts: SlotCounts): Promise<void> {
    const entries = Object.entries(counts);
    const sums = entries.filter(([name]) => !isPeak(name));
    const peaks = entries.filter(([name]) => isPeak(name));
    const numbers = [...sums, ...peaks].flatMap(([name, count]) => [name, String(Math.round(count))]);
    const added = this.dependencies.client.eval(
      ADD,
      2,
      this.keyAt('minute', atMilliseconds),
      this.keyAt('quarter', atMilliseconds),
      lifetimeMilliseconds('minute'),
      lifetimeMilliseconds('quarter'),
      sums.length,
      ...numbers,
    );
    await withDeadline(added, DEADLINE_MILLISECONDS);
  }

  async read(span: SlotSpan, upToMilliseconds: number): Promise<readonly SlotCounts[]> {
    const pipeline = this.dependencies.client.pipeline();
    for (const number of slotNumbers(span, upToMilliseconds)) pipeline.hgetall(this.key(span, number));
    const answers = await withDeadline(pipeline.exec(), DEADLINE_MILLISECONDS);
    return (answers ?? []).map(([error, fields]) => {
      if (error !== null) throw error;
      return numbersIn(fields as Readonly<Record<string, string>>);
    });
  }

  private keyAt(span: SlotSpan, atMilliseconds: number): string {
    return this.key(span, Math.floor(atMilliseconds / SLOT_MILLISECONDS[span]));
  }

  private key(span: SlotSpan, number: number): string {
    return `${this.dependencies.keyPrefix}${span}:${number}`;
  }
}

function lifetimeMilliseconds(span: SlotSpan): number {
  return (SLOT_COUNT[span] + 1) * SLOT_MILLISECONDS[span];
}

/** Others may have written here: only whole numbers count. */
function numbersIn(fields: Readonly<Record<string, string>>): SlotCounts {
  const counts: Record<string, number> = {};
  for (const [name, text] of Object.entries(fields)) if (/^\d{1,15}$/.test(text)) counts[name] = Number(text);
  return counts;
}
