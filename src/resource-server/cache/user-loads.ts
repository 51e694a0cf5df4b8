import type { Clock } from '../../core/clock.js';

/** Asks the host for a user; `undefined` if there is no user with this id, or the user may not act now. */
export type LoadUser = (userId: string) => Promise<unknown>;

interface Load {
  readonly startedAt: number;
  readonly promise: Promise<unknown>;
}

/** Loads users; concurrent requests for the same user share one load. */
export class UserLoads {
  private readonly loads = new Map<string, Load>();
  private readonly loadUser: LoadUser;
  private readonly clock: Clock;
  private readonly boundMilliseconds: number;

  constructor(load: LoadUser, clock: Clock, boundMilliseconds: number) {
    this.loadUser = load;
    this.clock = clock;
    this.boundMilliseconds = boundMilliseconds;
  }

  /** The user. A load older than the bound is not joined, as it may not know that the user was disabled. */
  load(userId: string): Promise<unknown> {
    const now = this.clock.monotonicMilliseconds();
    const under = this.loads.get(userId);
    if (under !== undefined && now - under.startedAt <= this.boundMilliseconds) return under.promise;
    const promise = Promise.resolve()
      .then(() => this.loadUser(userId))
      .finally(() => {
        if (this.loads.get(userId)?.promise === promise) this.loads.delete(userId);
      });
    this.loads.set(userId, { startedAt: now, promise });
    return promise;
  }

  /** No later request joins a load of this user that began before. */
  forget(userId: string): void {
    this.loads.delete(userId);
  }

  forgetAll(): void {
    this.loads.clear();
  }
}
