-- Arguments: file of tokens (one a line, all of one length), that length (0: present none), the first line to use, how many
-- lines, the statuses that answers may have (1 or more, with commas), the path, how many users there are. Each request
-- presents the next token, whatever its connection. Every answer is looked at; what was wrong first is told at the end.

local FIRST_USER = 1000

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

local requests, bodies, expected = {}, {}, {}
local index, size = 0, 0
wrong, wrong_status, wrong_body, checked = 0, 0, "", 0

function init(arguments)
  local length, first, count = tonumber(arguments[2]), tonumber(arguments[3]), tonumber(arguments[4])
  for status in arguments[5]:gmatch("%d+") do
    expected[tonumber(status)] = true
  end
  local path, users = arguments[6], tonumber(arguments[7])
  if length == 0 then
    requests[1] = wrk.format("GET", path)
    size = 1
  else
    local file = assert(io.open(arguments[1], "rb"))
    file:seek("set", first * (length + 1))
    for line = 1, count do
      local token = assert(file:read(length), "too few tokens")
      file:read(1)
      requests[line] = wrk.format("GET", path, { Authorization = "Bearer " .. token })
    end
    file:close()
    size = count
  end
  for user = FIRST_USER, FIRST_USER + users - 1 do
    bodies['{"ok":true,"user":"u' .. user .. '"}'] = true
  end
end

function request()
  index = index % size + 1
  return requests[index]
end

function response(status, headers, body)
  checked = checked + 1
  if expected[status] and (status ~= 200 or bodies[body]) then
    return
  end
  if wrong == 0 then
    wrong_status, wrong_body = status, string.sub(body, 1, 200)
  end
  wrong = wrong + 1
end

local function quoted(text)
  local safe = text:gsub('[%c"\\]', function(letter)
    return string.format("\\u%04x", letter:byte())
  end)
  return '"' .. safe .. '"'
end

function done(summary, latency)
  local thread = threads[1]
  local errors = summary.errors
  io.write(
    string.format(
      '\nRESULT {"requests":%d,"microseconds":%d,"checked":%d,"wrong":%d,"wrongStatus":%d,"wrongBody":%s,'
        .. '"socketErrors":%d,"p50":%d,"p99":%d}\n',
      summary.requests,
      summary.duration,
      thread:get("checked"),
      thread:get("wrong"),
      thread:get("wrong_status"),
      quoted(thread:get("wrong_body")),
      errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50),
      latency:percentile(99)
    )
  )
end
