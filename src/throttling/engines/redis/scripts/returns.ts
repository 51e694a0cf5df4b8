import { WINDOWS } from './windows.js';

/** How many parameters GIVE_BACK takes for each key. */
export const PARAMETERS_PER_RETURN = 5;

/**
 * Gives units back that were granted and not spent, or spent by a request that was not admitted, as far as what they
 * were counted in is still the same.
 *
 * KEYS: counters. ARGV for each: 1 if the window slides, window in milliseconds, generation, id, units.
 */
export const GIVE_BACK = `${WINDOWS}
for i = 1, #KEYS do
  local at = (i - 1) * ${PARAMETERS_PER_RETURN} + 1
  local window, generation = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local id, units = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  if ARGV[at] == '1' then
    local state = open_sliding(KEYS[i], generation, window)
    if state then
      state[2] = 1
      state[3] = log_remove(state[3], id, units, now, window)
      save_sliding(KEYS[i], state, window)
    end
  else
    local state = open_fixed(KEYS[i], generation, window)
    if state and state[2] == id then
      state[3] = math.max(0, state[3] - units)
      state[4] = 1
      save_fixed(KEYS[i], state)
    end
  end
end
return 1
`;

/** How many parameters REGISTER takes for each key. */
export const PARAMETERS_PER_REGISTRATION = 5;

/**
 * Counts units that a process spent while it could not ask.
 *
 * KEYS: the marker, if ARGV[1] is 1; counters. ARGV from 2 on for each counter: 1 if the window slides, limit, window in
 * milliseconds, units, milliseconds that are left of the window in which they were spent.
 */
export const REGISTER = `${WINDOWS}
local first, generation = 0, 0
if ARGV[1] == '1' then
  first = 1
  local packed = redis.call('GET', KEYS[1])
  if not packed then
    return 0
  end
  generation = cmsgpack.unpack(packed)[1]
end
for i = 1, #KEYS - first do
  local key, at = KEYS[i + first], (i - 1) * ${PARAMETERS_PER_REGISTRATION} + 2
  local limit, window = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local units, left = tonumber(ARGV[at + 3]), math.min(tonumber(ARGV[at + 4]), window)
  if ARGV[at] == '1' then
    local state, used = open_sliding(key, generation, window)
    state = state or {generation, 0, {}}
    state[3] = log_add(state[3], now, math.min(units, math.max(0, limit - used)), window)
    save_sliding(key, state, window)
  elseif left > 0 then
    local state = open_fixed(key, generation, window) or {generation, now + left, 0, 0}
    state[3] = math.min(limit, state[3] + units)
    save_fixed(key, state)
  end
end
return 1
`;
