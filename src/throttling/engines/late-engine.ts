import { StoreAwayError } from '../store-errors.js';
import type { ThrottleDecision, ThrottleEngine } from '../throttle-engine.js';

/**
 * An engine whose store becomes known only after the throttle was created. Until `use` is called it behaves like a
 * store that is not connected yet, and the throttle follows `whenStoreFails`.
 */
export class LateEngine implements ThrottleEngine {
  private readonly prepared: Parameters<Required<ThrottleEngine>['prepare']>[] = [];
  private readonly connectedListeners: (() => void)[] = [];
  private engine: ThrottleEngine | undefined;
  private closed = false;

  /** Counts with this engine from now on; a previous one is closed. */
  use(engine: ThrottleEngine): void {
    const previous = this.engine;
    for (const parameters of this.prepared) engine.prepare?.(...parameters);
    for (const listener of this.connectedListeners) engine.onConnected?.(listener);
    this.engine = engine;
    void previous?.close?.();
    if (this.closed) void engine.close?.();
  }

  consume(...parameters: Parameters<ThrottleEngine['consume']>): ThrottleDecision | Promise<ThrottleDecision> {
    if (this.engine === undefined) throw new StoreAwayError('The identity of the database is not known yet.');
    return this.engine.consume(...parameters);
  }

  refund(...parameters: Parameters<ThrottleEngine['refund']>): void | Promise<void> {
    return this.engine?.refund(...parameters);
  }

  consumeAlone(...parameters: Parameters<Required<ThrottleEngine>['consumeAlone']>): ThrottleDecision | undefined {
    return this.engine?.consumeAlone?.(...parameters);
  }

  consumeHeld(...parameters: Parameters<Required<ThrottleEngine>['consumeHeld']>): ThrottleDecision | undefined {
    return this.engine?.consumeHeld?.(...parameters);
  }

  onConnected(listener: () => void): void {
    this.connectedListeners.push(listener);
    this.engine?.onConnected?.(listener);
  }

  prepare(...parameters: Parameters<Required<ThrottleEngine>['prepare']>): void {
    this.prepared.push(parameters);
    this.engine?.prepare?.(...parameters);
  }

  async ready(): Promise<void> {
    await this.engine?.ready?.();
  }

  async readyAlone(): Promise<void> {
    await this.engine?.readyAlone?.();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.engine?.close?.();
  }
}
