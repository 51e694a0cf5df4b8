import { argumentLocals, luaRowStart } from '../lua.js';
import { REFUND_ITEM } from '../protocol.js';
import { SERVER_TIME } from './server-time.js';
import { SLIDING_LOG } from './sliding-log.js';

/**
 * Refunds units. If the fixed window of a counter ends at another time, it is a new one and is not changed. The end is
 * known by the time and what is left, which are read one after the other: a server that was interrupted in between is off
 * by that. Windows of one counter end at least their length apart, so half of it tells them apart.
 */
export const REFUND = `${SLIDING_LOG}${SERVER_TIME}
for i = 1, #KEYS do
  local at = ${luaRowStart({ length: 0 }, REFUND_ITEM)}
  ${argumentLocals(REFUND_ITEM, 'at')}
  if cost > 0 and slides then
    local packed = redis.call('GET', KEYS[i])
    if packed then
      local log = log_open(packed, now, window_milliseconds)
      log = log_remove(log, ends_at - window_milliseconds, cost, now, window_milliseconds)
      log_save(KEYS[i], log, now, window_milliseconds)
    end
  elseif cost > 0 then
    local left = redis.call('PTTL', KEYS[i])
    if left > 0 and math.abs(now + left - ends_at) * 2 < window_milliseconds then
      if tonumber(redis.call('GET', KEYS[i])) > cost then
        redis.call('DECRBY', KEYS[i], cost)
      else
        redis.call('DEL', KEYS[i])
      end
    end
  end
end
return 1
`;
