import type { Fault } from '../fault.js';

/** How late every answer of a slow Redis is. */
const LATE_MILLISECONDS = 200;

/** What can happen to a Redis, with the data that it had unless the name says otherwise. */
export const REDIS_FAULTS: readonly Fault[] = [
  {
    name: 'Redis is stopped and started again',
    begin: ({ redis }) => redis.server.kill(),
    end: ({ redis }) => redis.server.restart(),
  },
  {
    name: 'Redis is frozen',
    isSilent: true,
    begin: async ({ redis }) => redis.server.freeze(),
    end: async ({ redis }) => redis.server.thaw(),
  },
  {
    name: 'Redis restarts empty',
    losses: 1,
    begin: ({ redis }) => redis.killForGood(),
    end: ({ redis }) => redis.server.restart(),
  },
  {
    name: 'Redis is flushed',
    losses: 1,
    begin: ({ redis }) => redis.command('FLUSHALL'),
    end: async () => {},
  },
  {
    name: `every answer of Redis is ${LATE_MILLISECONDS} ms late`,
    begin: async ({ redis }) => redis.proxy.delay(LATE_MILLISECONDS),
    end: async ({ redis }) => redis.proxy.delay(0),
  },
  {
    name: 'Redis is out of memory',
    begin: ({ redis }) => redis.command('CONFIG', 'SET', 'maxmemory', '1'),
    end: ({ redis }) => redis.command('CONFIG', 'SET', 'maxmemory', '0'),
  },
  {
    name: 'Redis has become a read-only replica',
    begin: ({ redis }) => redis.demote(),
    end: ({ redis }) => redis.promote(),
  },
];

/** With Sentinel. What a replica had not received yet may be admitted again. */
export const FAILOVERS: readonly Fault[] = [
  {
    name: 'Redis fails over, by command',
    losses: 1,
    begin: ({ redis }) => redis.failOver(),
    end: async () => {},
  },
  {
    name: 'the master of Redis is killed, and Sentinel fails over',
    losses: 1,
    begin: ({ redis }) => redis.killMaster(),
    end: async () => {},
  },
];
