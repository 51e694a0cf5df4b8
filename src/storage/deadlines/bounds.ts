import type { Logger } from '../../core/logger.js';

/** What bounds the statements of a client. */
export interface Bounds {
  /** How long a statement may take, the wait for a connection included. */
  readonly deadlineMilliseconds: number;
  readonly logger: Logger;
}
