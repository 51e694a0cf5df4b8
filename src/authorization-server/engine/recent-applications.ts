import type { Application } from '../../storage/index.js';
import type { EngineContext } from './context.js';

/** How long an application that was disabled, or whose secret was replaced, is still taken for what it was. */
const KEPT_MILLISECONDS = 1000;
const CAPACITY = 1000;

interface Kept {
  readonly application: Promise<Application | undefined>;
  readonly untilMs: number;
}

/** Applications that were read within the last second; for answers that are allowed to be that old. */
export class RecentApplications {
  private readonly kept = new Map<string, Kept>();

  constructor(private readonly context: Pick<EngineContext, 'findApplication' | 'parts'>) {}

  find(clientId: string): Promise<Application | undefined> {
    const now = this.context.parts.clock.monotonicMilliseconds();
    const known = this.kept.get(clientId);
    if (known !== undefined && now < known.untilMs) return known.application;
    if (this.kept.size >= CAPACITY) this.kept.clear();
    const application = this.context.findApplication(clientId);
    this.kept.set(clientId, { application, untilMs: now + KEPT_MILLISECONDS });
    // What failed is asked for again at once.
    application.catch(() => this.kept.delete(clientId));
    return application;
  }
}
