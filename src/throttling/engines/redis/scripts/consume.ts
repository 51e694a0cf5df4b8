import { argumentLocals, assignRow, codeConstants, luaRowStart, positionConstants, tableOf } from '../lua.js';
import { CODES, CONSUME_ANSWER, CONSUME_HEAD, CONSUME_ITEM, CONSUMED_ITEM } from '../protocol.js';
import { SERVER_TIME } from './server-time.js';
import { SLIDING_LOG } from './sliding-log.js';

const ITEM_START = luaRowStart(CONSUME_HEAD, CONSUME_ITEM);
const ANSWER_START = luaRowStart(CONSUME_ANSWER, CONSUMED_ITEM);
const ANSWER_ITEM = assignRow(CONSUMED_ITEM, 'answer', 'put', { fits: 'fits', used: 'used', leftMilliseconds: 'left' });

/**
 * Spends all charges or none; see `protocol.ts`. Atomic; all keys of one call are in one slot of a Cluster. Needs Redis
 * 5 or newer (a script may read the time before it writes).
 *
 * The expiry of a fixed window is set in milliseconds, so that windows below a second work, and whenever a counter has
 * none, so that no counter stays forever. Undoing goes backwards, because the same counter may be charged twice.
 */
export const CONSUME = `${SLIDING_LOG}${SERVER_TIME}
${codeConstants(CODES)}
${positionConstants('CONSUMED', CONSUMED_ITEM, 0)}
${argumentLocals(CONSUME_HEAD, 1)}
if not_after > 0 and now > not_after then
  return ${tableOf(CONSUME_ANSWER, { decision: 'TOO_LATE', now: 'now' })}
end
local decision = GRANTED
local answer = ${tableOf(CONSUME_ANSWER, { decision: 'decision', now: 'now' })}
local before = {}
for i = 1, #KEYS do
  local at, put = ${ITEM_START}, ${ANSWER_START}
  ${argumentLocals(CONSUME_ITEM, 'at')}
  local fits, used, left = 1
  if slides then
    before[i] = redis.call('GET', KEYS[i])
    local log
    log, used = log_open(before[i], now, window_milliseconds)
    if limit == 0 then
      fits, left = 0, window_milliseconds
    elseif used + cost > limit then
      fits, left = 0, log_until_free(log, used + cost - limit, now, window_milliseconds)
    else
      log = log_add(log, now, cost, window_milliseconds)
      left = log_until_empty(log, now, window_milliseconds)
    end
    used = used + cost
    if fits == 1 and cost > 0 then
      log_save(KEYS[i], log, now, window_milliseconds)
    end
  else
    if cost > 0 then
      used = redis.call('INCRBY', KEYS[i], cost)
      if used < cost then
        redis.call('DECRBY', KEYS[i], cost)
        if redis.call('PTTL', KEYS[i]) < 0 then
          redis.call('PEXPIRE', KEYS[i], window_milliseconds)
        end
        not_a_counter()
      end
    else
      used = tonumber(redis.call('GET', KEYS[i]) or '0')
      if not is_count(used) then
        not_a_counter()
      end
    end
    left = redis.call('PTTL', KEYS[i])
    if left < 0 then
      redis.call('PEXPIRE', KEYS[i], window_milliseconds)
      left = window_milliseconds
    end
    if limit == 0 or used > limit then
      fits = 0
    end
  end
  if fits == 0 then
    decision = REFUSED
  end
  ${ANSWER_ITEM}
end
if decision == REFUSED then
  ${assignRow(CONSUME_ANSWER, 'answer', '1', { decision: 'REFUSED', now: 'now' })}
  for i = #KEYS, 1, -1 do
    local at, put = ${ITEM_START}, ${ANSWER_START}
    ${argumentLocals(CONSUME_ITEM, 'at', ['cost', 'windowMilliseconds', 'slides'])}
    if slides then
      if cost > 0 and answer[put + CONSUMED_FITS] == 1 then
        if before[i] then
          local log = log_open(before[i], now, window_milliseconds)
          log_save(KEYS[i], log, now, window_milliseconds)
        else
          redis.call('DEL', KEYS[i])
        end
      end
    elseif cost > 0 and redis.call('DECRBY', KEYS[i], cost) == 0 then
      redis.call('DEL', KEYS[i])
    end
    answer[put + CONSUMED_USED] = answer[put + CONSUMED_USED] - cost
  end
end
return answer
`;
