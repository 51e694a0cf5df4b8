import { argumentLocals, assignRow, codeConstants, luaRowStart, positionConstants, tableOf } from '../lua.js';
import {
  CLAIM_ANSWER,
  CLAIM_HEAD,
  CLAIM_ITEM,
  CLAIMED_ITEM,
  CODES,
  FIXED_WINDOW,
  SLIDING_WINDOW,
} from '../protocol.js';
import { WINDOWS } from './windows.js';

const ITEM_START = luaRowStart(CLAIM_HEAD, CLAIM_ITEM);
const ANSWER_START = luaRowStart(CLAIM_ANSWER, CLAIMED_ITEM);
const NEW_SLIDING = tableOf(SLIDING_WINDOW, { generation: 'generation', soft: '0', log: '{}' });
const NEW_FIXED = tableOf(FIXED_WINDOW, {
  ...{ generation: 'generation', endsAt: 'now + window_milliseconds', used: '0', soft: '0' },
});

/** The state of each claim; the granted units are added in the second loop. */
const STANDING = assignRow(CLAIMED_ITEM, 'answer', 'put', {
  ...{ fits: 'fits', available: 'math.max(0, limit - used)', resetMilliseconds: 'left' },
  ...{ id: '0', extra: '0', extraId: '0', extraMilliseconds: '0', soft: 'soft' },
});

/**
 * Grants all claims or none, see `protocol.ts`.
 *
 * Extra units of a sliding window are counted from the end of the time in which they may be spent, so that none is free
 * again before one window after it was spent.
 */
export const CLAIM = `${WINDOWS}
${codeConstants(CODES)}
${positionConstants('ANSWER', CLAIM_ANSWER, 1)}
${positionConstants('CLAIMED', CLAIMED_ITEM, 0)}
${argumentLocals(CLAIM_HEAD, 1)}
if not_after > 0 and now > not_after then
  return ${tableOf(CLAIM_ANSWER, { decision: 'TOO_LATE', now: 'now' })}
end
local first, generation, lost_at = 0, 0, 0
if has_marker then
  first = 1
  local marker = read_marker(redis.pcall('GET', KEYS[1]))
  if not marker then
    return ${tableOf(CLAIM_ANSWER, { decision: 'NOT_OPENED', now: 'now' })}
  end
  generation, lost_at = marker[MARKER_GENERATION], math.min(marker[MARKER_LOST_AT], now)
end
local decision, wait = GRANTED, 0
local answer = ${tableOf(CLAIM_ANSWER, { decision: 'decision', now: 'now', generation: 'generation' })}
local states = {}
for i = 1, #KEYS - first do
  local key, at = KEYS[i + first], ${ITEM_START}
  ${argumentLocals(CLAIM_ITEM, 'at', ['slides', 'limit', 'windowMilliseconds', 'need'])}
  local used, left = 0, window_milliseconds
  if slides then
    states[i], used = open_sliding(key, generation, window_milliseconds)
    if states[i] then
      left = log_until_empty(states[i][SLIDING_LOG], now, window_milliseconds)
    end
  else
    states[i] = open_fixed(key, generation, window_milliseconds)
    if states[i] then
      used, left = states[i][FIXED_USED], states[i][FIXED_ENDS_AT] - now
    end
  end
  local fits = 1
  if limit == 0 or used + need > limit then
    fits, decision = 0, REFUSED
    if slides and states[i] and limit > 0 then
      left = log_until_free(states[i][SLIDING_LOG], used + need - limit, now, window_milliseconds)
    end
  elseif lost_at > 0 and now < lost_at + window_milliseconds then
    wait = math.max(wait, lost_at + window_milliseconds - now)
  end
  local put = ${ANSWER_START}
  local soft = 0
  if states[i] then
    soft = slides and states[i][SLIDING_SOFT] or states[i][FIXED_SOFT]
  end
  ${STANDING}
end
if decision == REFUSED then
  answer[ANSWER_DECISION] = REFUSED
  return answer
end
if wait > 0 then
  return ${tableOf(CLAIM_ANSWER, { decision: 'UNDECIDED', now: 'wait' })}
end
for i = 1, #KEYS - first do
  local key, at = KEYS[i + first], ${ITEM_START}
  ${argumentLocals(CLAIM_ITEM, 'at')}
  local put = ${ANSWER_START}
  local remaining = answer[put + CLAIMED_AVAILABLE] - need
  local lease = slides and lease_time(window_milliseconds) or 1
  local extra = 0
  if lease > 0 then
    extra = math.min(want, remaining)
    extra = extra + math.min(more, math.floor((remaining - extra) / divisor))
  end
  remaining = remaining - extra
  if need + extra > 0 then
    local state = states[i]
    if slides then
      state = state or ${NEW_SLIDING}
      local log = log_add(state[SLIDING_LOG], now, need, window_milliseconds)
      state[SLIDING_LOG] = log_add(log, now + lease, extra, window_milliseconds)
      if extra > 0 then
        state[SLIDING_SOFT] = 1
      end
      save_sliding(key, state, window_milliseconds)
      answer[put + CLAIMED_RESET_MILLISECONDS] = log_until_empty(state[SLIDING_LOG], now, window_milliseconds)
      answer[put + CLAIMED_ID] = now
      answer[put + CLAIMED_EXTRA_ID], answer[put + CLAIMED_EXTRA_MILLISECONDS] = now + lease, lease
      answer[put + CLAIMED_SOFT] = state[SLIDING_SOFT]
    else
      state = state or ${NEW_FIXED}
      state[FIXED_USED] = state[FIXED_USED] + need + extra
      if extra > 0 then
        state[FIXED_SOFT] = 1
      end
      save_fixed(key, state)
      local left = state[FIXED_ENDS_AT] - now
      answer[put + CLAIMED_RESET_MILLISECONDS] = left
      answer[put + CLAIMED_ID] = state[FIXED_ENDS_AT]
      answer[put + CLAIMED_EXTRA_ID], answer[put + CLAIMED_EXTRA_MILLISECONDS] = state[FIXED_ENDS_AT], left
      answer[put + CLAIMED_SOFT] = state[FIXED_SOFT]
    end
  end
  answer[put + CLAIMED_AVAILABLE], answer[put + CLAIMED_EXTRA] = remaining, extra
end
return answer
`;
