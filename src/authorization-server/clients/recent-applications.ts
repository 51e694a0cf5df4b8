import type { Clock } from '../../core/clock.js';
import type { Application } from '../../storage/index.js';
import type { FindApplication } from './find-application.js';

/** For how long an application that was disabled, or whose secret was replaced, may still be used as it was. */
const KEPT_MILLISECONDS = 1000;
const CAPACITY = 1000;

type Found = Application | undefined;

interface Kept {
  application: Found | Promise<Found>;
  readonly untilMilliseconds: number;
  readonly untilWallMilliseconds: number;
}

/** Applications that were read within the last second, for responses that may be that outdated. */
export class RecentApplications {
  private readonly kept = new Map<string, Kept>();

  constructor(
    private readonly read: FindApplication,
    private readonly clock: Clock,
  ) {}

  /** The application if it has been read, otherwise a promise for it. */
  find(clientId: string): Found | Promise<Found> {
    const now = this.clock.monotonicMilliseconds();
    const wall = this.clock.nowMilliseconds();
    const known = this.kept.get(clientId);
    return known !== undefined && now < known.untilMilliseconds && wall < known.untilWallMilliseconds
      ? known.application
      : this.readNow(clientId, now, wall);
  }

  /** Removes an entry that turned out to be outdated. */
  forget(clientId: string): void {
    this.kept.delete(clientId);
  }

  private async readNow(clientId: string, now: number, wall: number): Promise<Found> {
    if (this.kept.size >= CAPACITY) this.kept.clear();
    const reading = this.read(clientId);
    const kept: Kept = {
      application: reading,
      untilMilliseconds: now + KEPT_MILLISECONDS,
      untilWallMilliseconds: wall + KEPT_MILLISECONDS,
    };
    this.kept.set(clientId, kept);
    try {
      const application = await reading;
      kept.application = application;
      // Made-up identifiers must not displace known ones.
      if (application === undefined) this.drop(clientId, kept);
      return application;
    } catch (error) {
      // After a failure the next request asks again.
      this.drop(clientId, kept);
      throw error;
    }
  }

  private drop(clientId: string, kept: Kept): void {
    if (this.kept.get(clientId) === kept) this.kept.delete(clientId);
  }
}
