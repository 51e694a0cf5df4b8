/**
 * The scripts of the Redis engine. Each is atomic, and all keys of one call are in one slot of a Cluster. They need
 * Redis 5 or newer (a script may ask the time before it writes).
 */

/**
 * KEYS: counters. ARGV: the time after which nobody waits for the answer any more (0: none; milliseconds, by the
 * server's clock), then for each counter cost, limit, window in milliseconds.
 *
 * Answers {decision, now, then for each counter: fits, used after the decision, milliseconds left}; the decision is 1
 * (spent), 0 (refused, nothing spent) or -1 (came too late, nothing done).
 *
 * The window is set in milliseconds, so that one below a second works, and whenever a counter has none, so that no
 * counter stays for ever. Undoing goes backwards, because the same counter may be charged twice.
 */
export const CONSUME = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local not_after = tonumber(ARGV[1])
if not_after > 0 and now > not_after then
  return {-1, now}
end
local answer = {1, now}
local at = 2
for i = 1, #KEYS do
  local cost = tonumber(ARGV[at])
  local limit = tonumber(ARGV[at + 1])
  local used
  if cost > 0 then
    used = redis.call('INCRBY', KEYS[i], ARGV[at])
  else
    used = tonumber(redis.call('GET', KEYS[i]) or '0')
  end
  local left = redis.call('PTTL', KEYS[i])
  if left < 0 then
    redis.call('PEXPIRE', KEYS[i], ARGV[at + 2])
    left = tonumber(ARGV[at + 2])
  end
  local fits = 1
  if limit == 0 or used > limit then
    fits = 0
    answer[1] = 0
  end
  answer[3 * i] = fits
  answer[3 * i + 1] = used
  answer[3 * i + 2] = left
  at = at + 3
end
if answer[1] == 0 then
  for i = #KEYS, 1, -1 do
    local cost = tonumber(ARGV[3 * i - 1])
    if cost > 0 then
      if redis.call('DECRBY', KEYS[i], cost) == 0 then
        redis.call('DEL', KEYS[i])
      end
      answer[3 * i + 1] = answer[3 * i + 1] - cost
    end
  end
end
return answer
`;

/**
 * KEYS: counters. ARGV: for each counter what to give back and when its window ends (milliseconds, by the server's
 * clock). A counter whose window ends at another time is a new one and is left alone.
 */
export const REFUND = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 1, #KEYS do
  local cost = tonumber(ARGV[2 * i - 1])
  local left = redis.call('PTTL', KEYS[i])
  if cost > 0 and left > 0 and math.abs(now + left - tonumber(ARGV[2 * i])) <= 20 then
    if tonumber(redis.call('GET', KEYS[i])) > cost then
      redis.call('DECRBY', KEYS[i], ARGV[2 * i - 1])
    else
      redis.call('DEL', KEYS[i])
    end
  end
end
return 1
`;
