import { CorrectedClock, systemClock } from '../core/clock.js';
import { sha256Key } from '../core/digest.js';
import { OAuth2Events } from '../core/events/events.js';
import { LogLimiter } from '../core/log-limiter.js';
import { silentLogger } from '../core/logger.js';
import { Observation } from '../core/observation/observation.js';
import { isTokenValue } from '../core/token-value.js';
import { type Database, openDatabase } from '../storage/database.js';
import { boundsOf } from '../storage/deadlines/index.js';
import { DEFAULT_TABLE_NAMES } from '../storage/tables.js';
import { createTokenReader } from '../storage/token-reader.js';
import { INACTIVE, type Inspection, inspectionOf } from './inspection.js';
import { createVerifierChain } from './verifiers/chain.js';
import { databaseTokens } from './verifiers/database.js';

/** Which database, and what is asked of its tokens; each as the option of `createOAuth2`. */
export interface StoredTokenInspectionOptions {
  readonly database: string;
  readonly databaseDeadlineMilliseconds?: number | undefined;
  readonly resource?: string | undefined;
}

/** Answers as `TokenService.inspect` does, for tokens of a database whose host has no options of its own. */
export interface StoredTokenInspection {
  readonly knex: Database['knex'];
  inspect(token: string): Promise<Inspection>;
  close(): Promise<void>;
}

/** Opens a database for `inspect` alone. It is read without models, which would take most of the time of a command. */
export function openStoredTokenInspection(options: StoredTokenInspectionOptions): StoredTokenInspection {
  const { resource, databaseDeadlineMilliseconds: deadlineMilliseconds } = options;
  const database = openDatabase(options.database, { logger: silentLogger, deadlineMilliseconds });
  const clock = new CorrectedClock(systemClock, silentLogger);
  const log = new LogLimiter(silentLogger, clock);
  const reader = createTokenReader(database, DEFAULT_TABLE_NAMES, {
    logger: silentLogger,
    heedServerTime: (nowMilliseconds) => clock.heed(nowMilliseconds),
  });
  const verifiers = createVerifierChain([databaseTokens()], {
    clock,
    reader,
    resource,
    requireAudience: true,
    users: undefined,
    jwtIssuer: undefined,
    redis: undefined,
    keyPrefix: '',
    logger: silentLogger,
    log,
    observation: new Observation(new OAuth2Events(log)),
  });
  return {
    knex: database.knex,
    inspect: async (token) =>
      isTokenValue(token) ? inspectionOf(await verifiers.verify(token, sha256Key(token)), undefined) : INACTIVE,
    close: () => boundsOf(database).close(),
  };
}
