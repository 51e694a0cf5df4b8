import type { Clock } from '../../../core/clock.js';

/** The greatest error of the estimated server clock: the time on the network and in a busy event loop. */
const MARGIN_MILLISECONDS = 1000;

/**
 * The clock of the Redis server, estimated from its last answer. On a Cluster, where each node has its own, it stays
 * unknown.
 */
export class ServerClock {
  private readonly clock: Clock;
  private readonly oneServer: boolean;
  private readonly deadlineMilliseconds: number;
  /** The server's clock minus the local one. */
  private offsetMilliseconds: number | undefined;

  /** @param deadlineMilliseconds how long a caller waits */
  constructor(clock: Clock, oneServer: boolean, deadlineMilliseconds: number) {
    this.clock = clock;
    this.oneServer = oneServer;
    this.deadlineMilliseconds = deadlineMilliseconds;
  }

  /** Takes the time that an answer reports. */
  heard(serverNow: number): void {
    if (this.oneServer) this.offsetMilliseconds = serverNow - this.clock.monotonicMilliseconds();
  }

  /** The time by the server's clock after which nobody waits for the answer to a call that is sent now; 0: unknown. */
  notAfter(): number {
    if (this.offsetMilliseconds === undefined) return 0;
    const until = this.clock.monotonicMilliseconds() + this.deadlineMilliseconds;
    return Math.ceil(until + this.offsetMilliseconds + MARGIN_MILLISECONDS);
  }
}
