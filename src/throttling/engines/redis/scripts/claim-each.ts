import { argumentLocals, assignRow, codeConstants, luaRowStart, numberLocals, tableOf } from '../lua.js';
import { CLAIM_ANSWER, CLAIM_EACH_HEAD, CLAIM_EACH_ITEM, CLAIMED_EACH_ITEM, CODES, FIXED_WINDOW } from '../protocol.js';
import { COUNTS } from './counts.js';
import { MARKER_FUNCTIONS } from './marker.js';
import { SERVER_TIME } from './server-time.js';
import { FIXED_POSITIONS } from './windows.js';

const NEW_STATE = tableOf(FIXED_WINDOW, {
  ...{ generation: 'generation', endsAt: 'now + left', used: 'used + need + extra', soft: 'soft' },
});
const ANSWER_ITEM = assignRow(CLAIMED_EACH_ITEM, 'answer', 'put', {
  ...{ code: 'code', available: 'remaining', leftMilliseconds: 'left', extra: 'extra', soft: 'soft' },
});

/**
 * CLAIM for the most common case: several requests, each with one fixed window, on a server with a marker. They travel
 * together, and each is decided by itself; see `protocol.ts`.
 */
export const CLAIM_EACH = `${SERVER_TIME}
${COUNTS}
${MARKER_FUNCTIONS}
${FIXED_POSITIONS}
${codeConstants(CODES)}
${argumentLocals(CLAIM_EACH_HEAD, 1)}
if not_after > 0 and now > not_after then
  return ${tableOf(CLAIM_ANSWER, { decision: 'TOO_LATE', now: 'now' })}
end
local got = redis.call('MGET', unpack(KEYS))
local marker = read_marker(got[1])
if not marker then
  return ${tableOf(CLAIM_ANSWER, { decision: 'NOT_OPENED', now: 'now' })}
end
local generation, lost_at = marker[MARKER_GENERATION], math.min(marker[MARKER_LOST_AT], now)
local asked = cjson.decode(items)
local answer = ${tableOf(CLAIM_ANSWER, { decision: 'GRANTED', now: 'now', generation: 'generation' })}
local written = {}
for i = 1, #KEYS - 1 do
  local key, packed = KEYS[i + 1], got[i + 1]
  local at, put = ${luaRowStart({ length: 0 }, CLAIM_EACH_ITEM)}, ${luaRowStart(CLAIM_ANSWER, CLAIMED_EACH_ITEM)}
  ${numberLocals(CLAIM_EACH_ITEM, 'asked', 'at')}
  local state, good = written[key], true
  if not state and packed then
    good, state = pcall(cmsgpack.unpack, packed)
    good = good and is_fixed(state)
  end
  local code, used, left, extra, soft = GRANTED, 0, window_milliseconds, 0, 0
  if good and state and state[FIXED_GENERATION] == generation then
    local rest = math.min(state[FIXED_ENDS_AT] - now, window_milliseconds)
    if rest > 0 then
      used, left, soft = state[FIXED_USED], rest, state[FIXED_SOFT]
    end
  end
  local remaining = limit - used - need
  if not good then
    code, remaining = NOT_A_COUNTER, 0
  elseif limit == 0 or remaining < 0 then
    code, remaining = REFUSED, math.max(0, limit - used)
  elseif lost_at > 0 and now < lost_at + window_milliseconds then
    code, left = UNDECIDED, lost_at + window_milliseconds - now
  else
    if want > 0 or more > 0 then
      extra = math.min(want, remaining)
      extra = extra + math.min(more, math.floor((remaining - extra) / divisor))
      remaining = remaining - extra
      if extra > 0 then
        soft = 1
      end
    end
    if need + extra > 0 then
      local is_known = packed or written[key]
      state = ${NEW_STATE}
      written[key] = state
      -- MGET answers nothing about a key of another type, which must not be replaced by a counter that begins anew.
      if is_known then
        redis.call('SET', key, cmsgpack.pack(state), 'PX', left)
      elseif not redis.call('SET', key, cmsgpack.pack(state), 'PX', left, 'NX') then
        written[key] = nil
        code, remaining, extra = NOT_A_COUNTER, 0, 0
      end
    end
  end
  ${ANSWER_ITEM}
end
return answer
`;
