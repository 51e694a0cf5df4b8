import type { Logger } from '../../core/logger.js';

/** The time limits of a client's statements. */
export interface Bounds {
  /** How long a statement may take, including the wait for a connection. */
  readonly deadlineMilliseconds: number;
  readonly logger: Logger;
}
