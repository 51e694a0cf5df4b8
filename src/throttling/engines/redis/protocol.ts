import { row } from './rows.js';

/**
 * The protocol between scripts and code. No other file knows the position of a value or the number of a code: the code
 * appends arguments and parses answers by these rows, and the locals and constants of the scripts are generated from
 * them (`lua.ts`).
 *
 * Times are in milliseconds by the server's clock. `notAfter` is the time after which nobody waits for the answer any
 * more (0: unknown); a later call is not carried out.
 */

/** The decision of a script on a whole call, and of CLAIM_EACH on each claim. */
export const CODES = {
  granted: 1,
  refused: 0,
  /** Nothing was done, because the call arrived after `notAfter`. */
  tooLate: -1,
  /** Nothing was done, because there is no marker: the counters have been erased. */
  notOpened: -2,
  /** The ledger lost its counters, and cannot know about this window yet. */
  undecided: -3,
  /** The key of the counter contains something else. */
  notACounter: -4,
} as const;

// The scripts of the ledger.

/** KEYS of claims: the marker, if there is one, then the counters. */
export const CLAIM_HEAD = row({ notAfter: 'number', hasMarker: 'flag' });
/** For each counter, see `Claim`. */
export const CLAIM_ITEM = row({
  slides: 'flag',
  limit: 'number',
  windowMilliseconds: 'number',
  need: 'number',
  want: 'number',
  more: 'number',
  divisor: 'number',
});
/** In an undecided answer the second number is the time in milliseconds until it can be decided. */
export const CLAIM_ANSWER = row({ decision: 'number', now: 'number', generation: 'number' });
/** For each counter, see `Claimed`. */
export const CLAIMED_ITEM = row({
  fits: 'flag',
  available: 'number',
  resetMilliseconds: 'number',
  id: 'number',
  extra: 'number',
  extraId: 'number',
  extraMilliseconds: 'number',
  soft: 'flag',
});

/** KEYS: the marker, counters. The second argument is a JSON array of the items: one is much cheaper than many. */
export const CLAIM_EACH_HEAD = row({ notAfter: 'number', items: 'text' });
export const CLAIM_EACH_ITEM = row({
  limit: 'number',
  windowMilliseconds: 'number',
  need: 'number',
  want: 'number',
  more: 'number',
  divisor: 'number',
});
/** For each counter: a code of its own, and the time until its window ends, or until it can be decided. */
export const CLAIMED_EACH_ITEM = row({
  code: 'number',
  available: 'number',
  leftMilliseconds: 'number',
  extra: 'number',
  soft: 'flag',
});

/** KEYS: counters. For each: */
export const RETURN_ITEM = row({
  slides: 'flag',
  windowMilliseconds: 'number',
  generation: 'number',
  id: 'number',
  units: 'number',
});

/** KEYS: the marker, if there is one, then the counters. Answers 1, or 0 if the marker is missing. */
export const REGISTER_HEAD = row({ hasMarker: 'flag' });
export const REGISTER_ITEM = row({
  slides: 'flag',
  limit: 'number',
  windowMilliseconds: 'number',
  units: 'number',
  /** The remaining time of the window in which they were spent. */
  leftMilliseconds: 'number',
});

/** KEYS: the marker. */
export const OPEN_ARGUMENTS = row({
  /** The generation that this process knows; 0: none. */
  knownGeneration: 'number',
  /** Identifies the run of the server. */
  run: 'text',
  startedAt: 'number',
  /** Whether the server keeps its data through a restart. */
  durable: 'flag',
  /** Whether a loss makes windows undecided. */
  waitAfterLoss: 'flag',
});
/** `lostAt` is 0 if nothing was lost; `foundLoss` says whether this opening found the loss. */
export const OPEN_ANSWER = row({ generation: 'number', lostAt: 'number', now: 'number', foundLoss: 'flag' });

/** KEYS: the set of members. Answers the names of all members. */
export const JOIN_ARGUMENTS = row({ member: 'text', leaseMilliseconds: 'number' });

// The stored states, as MessagePack arrays. The code never parses them.

/** The key that tells whether the counters can be trusted. */
export const MARKER = row({ generation: 'number', lostAt: 'number', run: 'text', openedAt: 'number' });
/** `used` includes every unit that was granted and not returned, whether it is spent yet or not. */
export const FIXED_WINDOW = row({ generation: 'number', endsAt: 'number', used: 'number', soft: 'flag' });
/** The log is MessagePack in MessagePack. */
export const SLIDING_WINDOW = row({ generation: 'number', soft: 'flag', log: 'text' });

// The scripts of the engine that asks Redis for each request.

/** KEYS: counters. */
export const CONSUME_HEAD = row({ notAfter: 'number' });
export const CONSUME_ITEM = row({ cost: 'number', limit: 'number', windowMilliseconds: 'number', slides: 'flag' });
export const CONSUME_ANSWER = row({ decision: 'number', now: 'number' });
/** For each counter: whether the charge fits, what is used after the decision, and the time until the reset. */
export const CONSUMED_ITEM = row({ fits: 'flag', used: 'number', leftMilliseconds: 'number' });

/** KEYS: counters. For each: */
export const REFUND_ITEM = row({
  cost: 'number',
  /** When the window ends; for a sliding one, when these units leave it. */
  endsAt: 'number',
  windowMilliseconds: 'number',
  slides: 'flag',
});
