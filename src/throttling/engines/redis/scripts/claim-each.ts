/** How many parameters CLAIM_EACH takes for each claim, and how many numbers it answers. */
export const PARAMETERS_PER_EACH = 6;
export const NUMBERS_PER_EACH = 5;

/**
 * CLAIM for the most common case: several requests, each with one fixed window, on a server with a marker. They travel
 * together, and each is decided by itself.
 *
 * KEYS: the marker, counters. ARGV: the time after which nobody waits (0: none), and a JSON array with, for each counter,
 * limit, window in milliseconds, `need`, `want`, `more`, the divisor: one parameter is much cheaper than many.
 *
 * Answers {1, -1 or -2 as CLAIM, now, generation, then for each: 1 granted, 0 refused, -3 undecided or -4 the counter is
 * none; units that remain; milliseconds until the window ends, or until it can be decided; extra units; soft}.
 */
export const CLAIM_EACH = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local not_after = tonumber(ARGV[1])
if not_after > 0 and now > not_after then
  return {-1, now}
end
local got = redis.call('MGET', unpack(KEYS))
if not got[1] then
  return {-2, now}
end
local marker = cmsgpack.unpack(got[1])
local generation, lost = marker[1], math.min(marker[2], now)
local asked = cjson.decode(ARGV[2])
local answer, met = {1, now, generation}, {}
for i = 2, #KEYS do
  local at, put = 1 + (i - 2) * ${PARAMETERS_PER_EACH}, 4 + (i - 2) * ${NUMBERS_PER_EACH}
  local limit, window, need = asked[at], asked[at + 1], asked[at + 2]
  local state, good = met[KEYS[i]], true
  if not state and got[i] then
    good, state = pcall(cmsgpack.unpack, got[i])
    good = good and type(state) == 'table'
  end
  local status, used, left, extra, soft = 1, 0, window, 0, 0
  if good and state and state[1] == generation then
    local rest = math.min(state[2] - now, window)
    if rest > 0 then
      used, left, soft = state[3], rest, state[4]
    end
  end
  local remaining = limit - used - need
  if not good then
    status, remaining = -4, 0
  elseif limit == 0 or remaining < 0 then
    status, remaining = 0, math.max(0, limit - used)
  elseif lost > 0 and now < lost + window then
    status, left = -3, lost + window - now
  else
    if asked[at + 3] > 0 or asked[at + 4] > 0 then
      extra = math.min(asked[at + 3], remaining)
      extra = extra + math.min(asked[at + 4], math.floor((remaining - extra) / asked[at + 5]))
      remaining = remaining - extra
      if extra > 0 then
        soft = 1
      end
    end
    if need + extra > 0 then
      state = {generation, now + left, used + need + extra, soft}
      met[KEYS[i]] = state
      redis.call('SET', KEYS[i], cmsgpack.pack(state), 'PX', left)
    end
  end
  answer[put], answer[put + 1], answer[put + 2], answer[put + 3], answer[put + 4] = status, remaining, left, extra, soft
end
return answer
`;
