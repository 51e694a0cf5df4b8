import { argumentLocals, luaRowStart } from '../lua.js';
import { RETURN_ITEM } from '../protocol.js';
import { WINDOWS } from './windows.js';

/**
 * Returns units that were granted and not spent, or spent by a request that was not admitted, if the window in which
 * they were counted still exists.
 */
export const GIVE_BACK = `${WINDOWS}
for i = 1, #KEYS do
  local at = ${luaRowStart({ length: 0 }, RETURN_ITEM)}
  ${argumentLocals(RETURN_ITEM, 'at')}
  if slides then
    local state = open_sliding(KEYS[i], generation, window_milliseconds)
    if state then
      state[SLIDING_SOFT] = 1
      state[SLIDING_LOG] = log_remove(state[SLIDING_LOG], id, units, now, window_milliseconds)
      save_sliding(KEYS[i], state, window_milliseconds)
    end
  else
    local state = open_fixed(KEYS[i], generation, window_milliseconds)
    if state and state[FIXED_ENDS_AT] == id then
      state[FIXED_USED] = math.max(0, state[FIXED_USED] - units)
      state[FIXED_SOFT] = 1
      save_fixed(KEYS[i], state)
    end
  end
end
return 1
`;
