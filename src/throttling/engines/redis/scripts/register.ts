import { argumentLocals, luaRowStart, tableOf } from '../lua.js';
import { FIXED_WINDOW, REGISTER_HEAD, REGISTER_ITEM, SLIDING_WINDOW } from '../protocol.js';
import { WINDOWS } from './windows.js';

const NEW_SLIDING = tableOf(SLIDING_WINDOW, { generation: 'generation', soft: '0', log: '{}' });
const NEW_FIXED = tableOf(FIXED_WINDOW, { generation: 'generation', endsAt: 'now + left', used: '0', soft: '0' });

/** Counts units that a process spent while it could not reach the ledger. */
export const REGISTER = `${WINDOWS}
${argumentLocals(REGISTER_HEAD, 1)}
local first, generation = 0, 0
if has_marker then
  first = 1
  local marker = read_marker(redis.pcall('GET', KEYS[1]))
  if not marker then
    return 0
  end
  generation = marker[MARKER_GENERATION]
end
for i = 1, #KEYS - first do
  local key, at = KEYS[i + first], ${luaRowStart(REGISTER_HEAD, REGISTER_ITEM)}
  ${argumentLocals(REGISTER_ITEM, 'at')}
  local left = math.min(left_milliseconds, window_milliseconds)
  if slides then
    local state, used = open_sliding(key, generation, window_milliseconds)
    state = state or ${NEW_SLIDING}
    local counted = math.min(units, math.max(0, limit - used))
    state[SLIDING_LOG] = log_add(state[SLIDING_LOG], now, counted, window_milliseconds)
    save_sliding(key, state, window_milliseconds)
  elseif left > 0 then
    local state = open_fixed(key, generation, window_milliseconds) or ${NEW_FIXED}
    state[FIXED_USED] = math.min(limit, state[FIXED_USED] + units)
    save_fixed(key, state)
  end
end
return 1
`;
