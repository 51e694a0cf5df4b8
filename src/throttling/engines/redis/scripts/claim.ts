import { WINDOWS } from './windows.js';

/** How many numbers CLAIM answers for each claim. */
export const NUMBERS_PER_CLAIM = 8;
/** How many parameters CLAIM takes for each claim. */
export const PARAMETERS_PER_CLAIM = 7;

/**
 * Grants all claims or none.
 *
 * KEYS: the marker, if ARGV[2] is 1; counters. ARGV: the time after which nobody waits for the answer any more (0: none;
 * milliseconds, by the server's clock); 1 if there is a marker; then for each claim: 1 if the window slides, limit,
 * window in milliseconds, `need` (units that the request spends), `want` (units that others wait for), `more` (units on
 * speculation), and the part of what remains that `more` may take, as a divisor.
 *
 * Answers {decision, now, generation, then for each claim: fits, units that remain, milliseconds until the reset, the
 * id of what `need` was counted in, extra units, their id, the milliseconds that they may be spent in, soft}.
 * Decision: 1 granted, 0 refused and nothing done, -1 came too late and nothing done, -2 there is no marker,
 * -3 undecided (the second number is then the milliseconds until it can be decided).
 *
 * Extra units of a sliding window are counted from the end of the time in which they may be spent, so that none is free
 * again before one window after it was spent.
 */
export const CLAIM = `${WINDOWS}
local not_after = tonumber(ARGV[1])
if not_after > 0 and now > not_after then
  return {-1, now}
end
local first, generation, lost = 0, 0, 0
if ARGV[2] == '1' then
  first = 1
  local packed = redis.call('GET', KEYS[1])
  if not packed then
    return {-2, now}
  end
  local marker = cmsgpack.unpack(packed)
  generation, lost = marker[1], math.min(marker[2], now)
end
local answer, states, wait = {1, now, generation}, {}, 0
for i = 1, #KEYS - first do
  local key, at = KEYS[i + first], 3 + (i - 1) * ${PARAMETERS_PER_CLAIM}
  local slides, limit, window = ARGV[at] == '1', tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local need, used, left = tonumber(ARGV[at + 3]), 0, window
  if slides then
    states[i], used = open_sliding(key, generation, window)
    if states[i] then
      left = log_until_empty(states[i][3], now, window)
    end
  else
    states[i] = open_fixed(key, generation, window)
    if states[i] then
      used, left = states[i][3], states[i][2] - now
    end
  end
  local fits = 1
  if limit == 0 or used + need > limit then
    fits, answer[1] = 0, 0
    if slides and states[i] and limit > 0 then
      left = log_until_free(states[i][3], used + need - limit, now, window)
    end
  elseif lost > 0 and now < lost + window then
    wait = math.max(wait, lost + window - now)
  end
  local put = 4 + (i - 1) * ${NUMBERS_PER_CLAIM}
  local soft = 0
  if states[i] then
    soft = slides and states[i][2] or states[i][4]
  end
  answer[put], answer[put + 1], answer[put + 2], answer[put + 3] = fits, math.max(0, limit - used), left, 0
  answer[put + 4], answer[put + 5], answer[put + 6], answer[put + 7] = 0, 0, 0, soft
end
if answer[1] == 0 then
  return answer
end
if wait > 0 then
  return {-3, wait}
end
for i = 1, #KEYS - first do
  local key, at = KEYS[i + first], 3 + (i - 1) * ${PARAMETERS_PER_CLAIM}
  local slides, limit, window = ARGV[at] == '1', tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local need, want, more = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
  local put = 4 + (i - 1) * ${NUMBERS_PER_CLAIM}
  local remaining = answer[put + 1] - need
  local lease = slides and lease_time(window) or 1
  local extra = 0
  if lease > 0 then
    extra = math.min(want, remaining)
    extra = extra + math.min(more, math.floor((remaining - extra) / tonumber(ARGV[at + 6])))
  end
  remaining = remaining - extra
  if need + extra > 0 then
    local state = states[i]
    if slides then
      state = state or {generation, 0, {}}
      state[3] = log_add(log_add(state[3], now, need, window), now + lease, extra, window)
      if extra > 0 then
        state[2] = 1
      end
      save_sliding(key, state, window)
      answer[put + 2] = log_until_empty(state[3], now, window)
      answer[put + 3], answer[put + 5], answer[put + 6], answer[put + 7] = now, now + lease, lease, state[2]
    else
      state = state or {generation, now + window, 0, 0}
      state[3] = state[3] + need + extra
      if extra > 0 then
        state[4] = 1
      end
      save_fixed(key, state)
      local left = state[2] - now
      answer[put + 2], answer[put + 3], answer[put + 5] = left, state[2], state[2]
      answer[put + 6], answer[put + 7] = left, state[4]
    end
  end
  answer[put + 1], answer[put + 4] = remaining, extra
end
return answer
`;
