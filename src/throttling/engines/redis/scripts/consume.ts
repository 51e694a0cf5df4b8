import { SLIDING_LOG } from './sliding-log.js';

/**
 * The scripts of the Redis engine. Each is atomic, and all keys of one call are in one slot of a Cluster. They need
 * Redis 5 or newer (a script may ask the time before it writes).
 */

/**
 * KEYS: counters. ARGV: the time after which nobody waits for the answer any more (0: none; milliseconds, by the
 * server's clock), then for each counter cost, limit, window in milliseconds, 1 if the window slides.
 *
 * Answers {decision, now, then for each counter: fits, used after the decision, milliseconds left}; the decision is 1
 * (spent), 0 (refused, nothing spent) or -1 (came too late, nothing done).
 *
 * A fixed window is set in milliseconds, so that one below a second works, and whenever a counter has none, so that no
 * counter stays for ever. Undoing goes backwards, because the same counter may be charged twice.
 */
export const CONSUME = `${SLIDING_LOG}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local not_after = tonumber(ARGV[1])
if not_after > 0 and now > not_after then
  return {-1, now}
end
local answer = {1, now}
local before = {}
local at = 2
for i = 1, #KEYS do
  local cost = tonumber(ARGV[at])
  local limit = tonumber(ARGV[at + 1])
  local window = tonumber(ARGV[at + 2])
  local fits, used, left = 1
  if ARGV[at + 3] == '1' then
    before[i] = redis.call('GET', KEYS[i])
    local log
    log, used = log_open(before[i], now, window)
    if limit == 0 then
      fits, left = 0, window
    elseif used + cost > limit then
      fits, left = 0, log_until_free(log, used + cost - limit, now, window)
    else
      log = log_add(log, now, cost, window)
      left = log_until_empty(log, now, window)
    end
    used = used + cost
    if fits == 1 and cost > 0 then
      log_save(KEYS[i], log, now, window)
    end
  else
    if cost > 0 then
      used = redis.call('INCRBY', KEYS[i], ARGV[at])
    else
      used = tonumber(redis.call('GET', KEYS[i]) or '0')
    end
    left = redis.call('PTTL', KEYS[i])
    if left < 0 then
      redis.call('PEXPIRE', KEYS[i], ARGV[at + 2])
      left = window
    end
    if limit == 0 or used > limit then
      fits = 0
    end
  end
  if fits == 0 then
    answer[1] = 0
  end
  answer[3 * i] = fits
  answer[3 * i + 1] = used
  answer[3 * i + 2] = left
  at = at + 4
end
if answer[1] == 0 then
  for i = #KEYS, 1, -1 do
    local cost = tonumber(ARGV[4 * i - 2])
    if ARGV[4 * i + 1] == '1' then
      if cost > 0 and answer[3 * i] == 1 then
        if before[i] then
          log_save(KEYS[i], (log_open(before[i], now, tonumber(ARGV[4 * i]))), now, tonumber(ARGV[4 * i]))
        else
          redis.call('DEL', KEYS[i])
        end
      end
    elseif cost > 0 and redis.call('DECRBY', KEYS[i], cost) == 0 then
      redis.call('DEL', KEYS[i])
    end
    answer[3 * i + 1] = answer[3 * i + 1] - cost
  end
end
return answer
`;

/**
 * KEYS: counters. ARGV: for each counter what to give back, when its window ends (of a sliding one, when these units
 * leave it; milliseconds, by the server's clock), and the length of a sliding window (0: it is fixed). A counter whose
 * fixed window ends at another time is a new one and is left alone.
 */
export const REFUND = `${SLIDING_LOG}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 1, #KEYS do
  local cost = tonumber(ARGV[3 * i - 2])
  local ends = tonumber(ARGV[3 * i - 1])
  local window = tonumber(ARGV[3 * i])
  if cost > 0 and window > 0 then
    local packed = redis.call('GET', KEYS[i])
    if packed then
      local log = log_remove((log_open(packed, now, window)), ends - window, cost, now, window)
      log_save(KEYS[i], log, now, window)
    end
  elseif cost > 0 then
    local left = redis.call('PTTL', KEYS[i])
    if left > 0 and math.abs(now + left - ends) <= 20 then
      if tonumber(redis.call('GET', KEYS[i])) > cost then
        redis.call('DECRBY', KEYS[i], ARGV[3 * i - 2])
      else
        redis.call('DEL', KEYS[i])
      end
    end
  end
end
return 1
`;
