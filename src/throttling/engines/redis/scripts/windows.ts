import { SLIDING_LOG } from './sliding-log.js';

/**
 * The scripts of the ledger, from which processes lease units. Each is atomic; all keys of one call are in one slot.
 *
 * A fixed window is a MessagePack array {generation, end, used, soft}, a sliding one {generation, soft, log}. `used`
 * counts every unit that was granted and not given back, whether it is spent yet or not. Windows say themselves when
 * they end, so that a key that lost its TTL (`PERSIST`, a restored dump) still ends, and one that was found with an end
 * too far ahead, because the clock was set back, ends one window from now.
 *
 * The generation tells apart what was counted before the ledger lost its memory. It is in the marker, a key beside the
 * counters with {generation, when it was lost, run of the server, when it was opened}; on a Cluster there is none (a
 * script reaches one slot), and the generation is always 0.
 */
export const WINDOWS = `${SLIDING_LOG}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function lease_time(window)
  return math.min(math.floor(window / 100), 1000)
end
local function open_fixed(key, generation, window)
  local packed = redis.call('GET', key)
  if packed then
    local state = cmsgpack.unpack(packed)
    if state[1] == generation then
      state[2] = math.min(state[2], now + window)
      if state[2] > now then
        return state
      end
    end
  end
  return nil
end
local function save_fixed(key, state)
  redis.call('SET', key, cmsgpack.pack(state), 'PX', math.max(1, state[2] - now))
end
local function open_sliding(key, generation, window)
  local packed = redis.call('GET', key)
  if packed then
    local state = cmsgpack.unpack(packed)
    if state[1] == generation then
      local log, used = log_open(state[3], now, window)
      return {generation, state[2], log}, used
    end
  end
  return nil, 0
end
local function save_sliding(key, state, window)
  if #state[3] == 0 then
    redis.call('DEL', key)
  else
    local left = log_until_empty(state[3], now, window)
    redis.call('SET', key, cmsgpack.pack({state[1], state[2], cmsgpack.pack(state[3])}), 'PX', math.max(1, left))
  end
end
`;
