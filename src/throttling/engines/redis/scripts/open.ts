/**
 * Opens the ledger on a new connection, and finds out whether it lost what it had counted.
 *
 * KEYS: the marker. ARGV: the generation that this process knows (0: none), the id of the run of the server, when the
 * server started (milliseconds, by its clock), 1 if it keeps what it counted through a restart, 1 if a loss makes
 * windows undecided. Answers {generation, when it was lost (0: it was not), now, 1 if this opening found a loss}.
 *
 * Lost is: a process knows a generation and there is no marker; the server has started since it was last opened and
 * keeps nothing, or an old state only; another generation was begun by a process that did not know this one.
 */
export const OPEN = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local known = tonumber(ARGV[1])
local packed = redis.call('GET', KEYS[1])
local marker = packed and cmsgpack.unpack(packed) or {0, 0, '', 0}
local generation, lost = marker[1], marker[2]
local found = 0
local restarted = packed and marker[3] ~= ARGV[2] and ARGV[4] ~= '1' and tonumber(ARGV[3]) > marker[4]
if not packed or restarted then
  lost = 0
  if known > 0 or restarted then
    found = 1
    if ARGV[5] == '1' then
      lost = now
    end
  end
  generation = math.max(now, known + 1, generation + 1)
elseif known > 0 and known < generation then
  found = 1
  if lost == 0 and ARGV[5] == '1' then
    lost = now
  end
end
redis.call('SET', KEYS[1], cmsgpack.pack({generation, lost, ARGV[2], now}))
return {generation, lost, now, found}
`;

/**
 * Renews the membership of a process and answers the ids of all. KEYS: the set of members. ARGV: id, for how many
 * milliseconds.
 */
export const JOIN = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], string.format('%.0f', now + tonumber(ARGV[2])), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[2]) * 2)
return redis.call('ZRANGE', KEYS[1], 0, -1)
`;
