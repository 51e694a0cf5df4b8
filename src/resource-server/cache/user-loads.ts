import type { Clock } from '../../core/clock.js';

/** Asks the host for a user: the user, or `undefined` if there is none with this id or it may not act now. */
export type LoadUser = (userId: string) => Promise<unknown>;

interface Load {
  readonly startedAt: number;
  readonly promise: Promise<unknown>;
}

/** Loads users; who asks for the same user at the same time waits for the same answer. */
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

  /** From now on nobody joins a load of this user from before. */
  forget(userId: string): void {
    this.loads.delete(userId);
  }

  forgetAll(): void {
    this.loads.clear();
  }
}
