/**
 * Functions that tell a counter from what another program wrote to its key. Such a key is never read as a number of units:
 * one below zero, or none at all (NaN), would let everything through. The error is an answer about this key alone.
 */
export const COUNTS = `
local function is_number(value)
  return type(value) == 'number' and value == value
end
local function is_count(value)
  return is_number(value) and value >= 0
end
local function not_a_counter()
  error('a key contains something other than a counter')
end
`;
