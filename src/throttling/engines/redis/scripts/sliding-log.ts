import { MAXIMUM_ENTRIES, SLOTS } from '../../memory-sliding-log.js';
import { COUNTS } from './counts.js';

/**
 * The sliding log of `engines/memory-sliding-log.ts` as functions for scripts. A log is a flat array {time, units,
 * time, units, ...}, ascending, in milliseconds by the server's clock, stored as one MessagePack string.
 */
export const SLIDING_LOG = `
${COUNTS}
local function slot_of(time, window)
  return math.floor(time * ${SLOTS} / window)
end
local function log_open(packed, now, window)
  local log, used = {}, 0
  if packed then
    local all = cmsgpack.unpack(packed)
    if type(all) ~= 'table' or (#all == 0 and next(all) ~= nil) then
      not_a_counter()
    end
    for i = 1, #all, 2 do
      if not is_number(all[i]) or not is_count(all[i + 1]) then
        not_a_counter()
      end
      -- A time too far ahead is from before the clock was set back; it must not count for longer than two windows.
      local time = math.min(all[i], now + window)
      if time + window > now then
        log[#log + 1] = time
        log[#log + 1] = all[i + 1]
        used = used + all[i + 1]
      end
    end
  end
  return log, used
end
local function log_add(log, at, units, window)
  if units == 0 then
    return log
  end
  local i = #log - 1
  while i > 0 and log[i] > at do
    i = i - 2
  end
  if i > 0 and log[i] == at then
    log[i + 1] = log[i + 1] + units
  else
    table.insert(log, i + 2, at)
    table.insert(log, i + 3, units)
  end
  if #log <= ${2 * MAXIMUM_ENTRIES} then
    return log
  end
  local compact = {}
  for j = 1, #log, 2 do
    local last = #compact - 1
    if last > 0 and slot_of(compact[last], window) == slot_of(log[j], window) then
      compact[last] = log[j]
      compact[last + 1] = compact[last + 1] + log[j + 1]
    else
      compact[#compact + 1] = log[j]
      compact[#compact + 1] = log[j + 1]
    end
  end
  return compact
end
local function log_remove(log, at, units, now, window)
  -- They no longer count; what is left in their slot belongs to others.
  if at + window <= now then
    return log
  end
  local slot, kept = slot_of(at, window), {}
  for i = 1, #log, 2 do
    local count = log[i + 1]
    if log[i] >= at and units > 0 and slot_of(log[i], window) == slot then
      local taken = math.min(units, count)
      count = count - taken
      units = units - taken
    end
    if count > 0 then
      kept[#kept + 1] = log[i]
      kept[#kept + 1] = count
    end
  end
  return kept
end
local function log_until_empty(log, now, window)
  if #log == 0 then
    return 0
  end
  return log[#log - 1] + window - now
end
local function log_until_free(log, units, now, window)
  local freed = 0
  for i = 1, #log, 2 do
    freed = freed + log[i + 1]
    if freed >= units then
      return log[i] + window - now
    end
  end
  return log_until_empty(log, now, window)
end
local function log_save(key, log, now, window)
  if #log == 0 then
    redis.call('DEL', key)
  else
    redis.call('SET', key, cmsgpack.pack(log), 'PX', log_until_empty(log, now, window))
  end
end
`;
