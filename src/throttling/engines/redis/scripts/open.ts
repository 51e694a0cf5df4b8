import { argumentLocals, tableOf } from '../lua.js';
import { MARKER, OPEN_ANSWER, OPEN_ARGUMENTS } from '../protocol.js';
import { COUNTS } from './counts.js';
import { MARKER_FUNCTIONS } from './marker.js';
import { SERVER_TIME } from './server-time.js';

const NO_MARKER = tableOf(MARKER, { generation: '0', lostAt: '0', run: "''", openedAt: '0' });
const SAVED = tableOf(MARKER, { generation: 'generation', lostAt: 'lost_at', run: 'run', openedAt: 'now' });
const ANSWER = tableOf(OPEN_ANSWER, {
  ...{ generation: 'generation', lostAt: 'lost_at', now: 'now', foundLoss: 'found_loss' },
});

/**
 * Opens the ledger on a new connection, and finds out whether it lost its counters.
 *
 * It did if a process knows a generation and there is no marker that is in order; if the server has started since the
 * ledger was last opened and restores nothing, or only an old state; or if another generation was started by a process
 * that did not know this one.
 */
export const OPEN = `${SERVER_TIME}
${COUNTS}
${MARKER_FUNCTIONS}
${argumentLocals(OPEN_ARGUMENTS, 1)}
local found = read_marker(redis.pcall('GET', KEYS[1]))
local marker = found or ${NO_MARKER}
local generation, lost_at = marker[MARKER_GENERATION], marker[MARKER_LOST_AT]
local found_loss = 0
local another_run = found and marker[MARKER_RUN] ~= run
local restarted = another_run and not durable and started_at > marker[MARKER_OPENED_AT]
if not found or restarted then
  lost_at = 0
  if known_generation > 0 or restarted then
    found_loss = 1
    if wait_after_loss then
      lost_at = now
    end
  end
  local last = math.max(known_generation, generation)
  generation = math.max(now, math.min(last, MOST_MARKED - 1) + 1)
elseif known_generation > 0 and known_generation < generation then
  found_loss = 1
  if lost_at == 0 and wait_after_loss then
    lost_at = now
  end
end
redis.call('SET', KEYS[1], cmsgpack.pack(${SAVED}))
return ${ANSWER}
`;
