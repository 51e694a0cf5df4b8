import { positionConstants, tableOf } from '../lua.js';
import { FIXED_WINDOW, SLIDING_WINDOW } from '../protocol.js';
import { MARKER_FUNCTIONS } from './marker.js';
import { SERVER_TIME } from './server-time.js';
import { SLIDING_LOG } from './sliding-log.js';

/** The positions in a fixed window, and whether a stored one is in order. */
export const FIXED_POSITIONS = `${positionConstants('FIXED', FIXED_WINDOW, 1)}
local function is_fixed(state)
  return type(state) == 'table' and is_number(state[FIXED_GENERATION]) and is_number(state[FIXED_ENDS_AT])
    and state[FIXED_ENDS_AT] == math.floor(state[FIXED_ENDS_AT])
    and is_count(state[FIXED_USED]) and is_count(state[FIXED_SOFT])
end
`;

const SAVED_SLIDING = tableOf(SLIDING_WINDOW, {
  generation: 'state[SLIDING_GENERATION]',
  soft: 'state[SLIDING_SOFT]',
  log: 'cmsgpack.pack(state[SLIDING_LOG])',
});

/**
 * Functions for the scripts of the ledger, from which processes lease units. Each script is atomic; all keys of one
 * call are in one slot.
 *
 * The state of a window includes its end, so that a key that lost its TTL (`PERSIST`, a restored dump) still ends, and
 * one whose end is too far in the future, because the clock was set back, ends one window from now.
 *
 * The generation distinguishes counters from before a loss of data. It is in the marker, a separate key. On a Cluster
 * there is none (a script reaches one slot), and the generation is always 0.
 */
export const WINDOWS = `${SLIDING_LOG}${SERVER_TIME}
${MARKER_FUNCTIONS}
${FIXED_POSITIONS}
${positionConstants('SLIDING', SLIDING_WINDOW, 1)}
local function lease_time(window)
  return math.min(math.floor(window / 100), 1000)
end
local function open_fixed(key, generation, window)
  local packed = redis.call('GET', key)
  if packed then
    local state = cmsgpack.unpack(packed)
    if not is_fixed(state) then
      not_a_counter()
    end
    if state[FIXED_GENERATION] == generation then
      state[FIXED_ENDS_AT] = math.min(state[FIXED_ENDS_AT], now + window)
      if state[FIXED_ENDS_AT] > now then
        return state
      end
    end
  end
  return nil
end
local function save_fixed(key, state)
  redis.call('SET', key, cmsgpack.pack(state), 'PX', math.max(1, state[FIXED_ENDS_AT] - now))
end
local function open_sliding(key, generation, window)
  local packed = redis.call('GET', key)
  if packed then
    local state = cmsgpack.unpack(packed)
    if type(state) ~= 'table' or not is_number(state[SLIDING_GENERATION]) or not is_count(state[SLIDING_SOFT])
      or type(state[SLIDING_LOG]) ~= 'string' then
      not_a_counter()
    end
    if state[SLIDING_GENERATION] == generation then
      local log, used = log_open(state[SLIDING_LOG], now, window)
      return ${tableOf(SLIDING_WINDOW, { generation: 'generation', soft: 'state[SLIDING_SOFT]', log: 'log' })}, used
    end
  end
  return nil, 0
end
local function save_sliding(key, state, window)
  if #state[SLIDING_LOG] == 0 then
    redis.call('DEL', key)
  else
    local left = log_until_empty(state[SLIDING_LOG], now, window)
    redis.call('SET', key, cmsgpack.pack(${SAVED_SLIDING}), 'PX', math.max(1, left))
  end
end
`;
