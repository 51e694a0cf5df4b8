import { argumentLocals } from '../lua.js';
import { JOIN_ARGUMENTS } from '../protocol.js';
import { SERVER_TIME } from './server-time.js';

/** Renews the membership of a process, and answers the names of all members. */
export const JOIN = `${SERVER_TIME}
${argumentLocals(JOIN_ARGUMENTS, 1)}
redis.call('ZADD', KEYS[1], string.format('%.0f', now + lease_milliseconds), member)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], lease_milliseconds * 2)
return redis.call('ZRANGE', KEYS[1], 0, -1)
`;
