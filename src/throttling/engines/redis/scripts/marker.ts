import { positionConstants } from '../lua.js';
import { MARKER } from '../protocol.js';

/**
 * The marker, if it is in order. What another program wrote to its key says nothing about the counters, so it is no marker:
 * the ledger is then opened again, as after a loss.
 *
 * A number beyond the year 200000 was not written here. From 2^53 on there might be no number above it. Needs `COUNTS`.
 */
export const MARKER_FUNCTIONS = `
${positionConstants('MARKER', MARKER, 1)}
local MOST_MARKED = 8000000000000000
local function is_marked(value)
  return is_count(value) and value <= MOST_MARKED and value == math.floor(value)
end
local function read_marker(packed)
  if type(packed) ~= 'string' then
    return nil
  end
  local good, marker = pcall(cmsgpack.unpack, packed)
  if good and type(marker) == 'table' and is_marked(marker[MARKER_GENERATION]) and is_marked(marker[MARKER_LOST_AT])
    and type(marker[MARKER_RUN]) == 'string' and is_marked(marker[MARKER_OPENED_AT]) then
    return marker
  end
  return nil
end
`;
