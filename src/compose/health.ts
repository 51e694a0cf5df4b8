import { setTimeout as sleep } from 'node:timers/promises';
import { OAuth2Error } from '../core/errors.js';
import type { HealthReport, PartHealth } from '../core/health.js';
import { loggedFailure } from '../core/logged-failure.js';
import type { Parts } from './index.js';

/** A report is made within this time, whatever the database does. */
const PATIENCE_MILLISECONDS = 2_000;
/** A report is given to all who ask within this time, so that probes cost next to nothing. */
const FRESH_MILLISECONDS = 1_000;

/** No token has it: reading it takes the way of a look-up, and finds nothing. */
const NO_TOKEN = Buffer.alloc(32);

const UP: PartHealth = Object.freeze({ state: 'up', required: true });

/** Finds out which parts work. Nothing is asked more than once a second, however many ask. */
export class Health {
  private isClosing = false;
  private asking: Promise<HealthReport> | undefined;
  private last: { readonly report: HealthReport; readonly until: number } | undefined;

  constructor(private readonly parts: Parts) {}

  /** From now on the process is not ready. */
  closing(): void {
    this.isClosing = true;
    this.last = undefined;
  }

  async report(): Promise<HealthReport> {
    if (this.isClosing) return { ready: false, closing: true, parts: {} };
    const { last } = this;
    const now = this.parts.basis.clock.monotonicMilliseconds();
    if (last !== undefined && now < last.until) return last.report;
    this.asking ??= this.ask().finally(() => {
      this.asking = undefined;
    });
    const report = await this.asking;
    return this.isClosing ? { ...report, ready: false, closing: true } : report;
  }

  private async ask(): Promise<HealthReport> {
    const [database, verifiers] = await Promise.all([this.database(), this.verifiers()]);
    const tokenCache = this.tokenCache();
    const parts = { database, verifiers, tokenCache, throttles: this.throttles(tokenCache) };
    const ready = Object.values(parts).every((part) => part === undefined || part.state === 'up' || !part.required);
    const report = Object.freeze({ ready, closing: false, parts: Object.freeze(parts) });
    this.last = { report, until: this.parts.basis.clock.monotonicMilliseconds() + FRESH_MILLISECONDS };
    return report;
  }

  private async database(): Promise<PartHealth | undefined> {
    const { storage, verification } = this.parts;
    if (!storage.isNeeded) return undefined;
    try {
      return await inTime('The database did not answer', async () => {
        await storage.schema.assertGood();
        await verification.reader.read(NO_TOKEN);
        return UP;
      });
    } catch (error) {
      return down(true, error);
    }
  }

  private async verifiers(): Promise<PartHealth | undefined> {
    const { verifiers } = this.parts.verification;
    const foreign = verifiers.verifiers.filter(({ downReason }) => downReason !== undefined);
    if (foreign.length === 0) return undefined;
    // Keys that were never fetched are fetched now.
    await inTime('', () => verifiers.ready()).catch(() => undefined);
    const reasons = foreign.map((one) => one.downReason?.()).filter((reason) => reason !== undefined);
    return reasons.length === 0 ? UP : { state: 'down', required: true, reason: reasons.join('; ') };
  }

  private tokenCache(): PartHealth | undefined {
    const level = this.parts.verification.cache.sharedLevel?.();
    if (level === undefined) return undefined;
    return level.isUp ? { state: 'up', required: false } : { state: 'down', required: false, reason: level.reason };
  }

  /** The default engine counts in the same Redis; an engine of the host's is known by its last answers. */
  private throttles(tokenCache: PartHealth | undefined): PartHealth | undefined {
    const { throttle, countedIn } = this.parts.throttling;
    if (countedIn === 'process') return undefined;
    if (throttle.storeState === 'down') return { state: 'down', required: false, reason: 'the store does not answer' };
    return countedIn === 'redis' ? tokenCache : { state: 'up', required: false };
  }
}

async function inTime<T>(what: string, work: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = sleep(PATIENCE_MILLISECONDS, undefined, { signal: over.signal }).then(() => {
    throw new Error(`${what} within ${PATIENCE_MILLISECONDS} ms.`);
  });
  late.catch(() => undefined);
  const working = work();
  working.catch(() => undefined);
  return Promise.race([working, late]).finally(() => over.abort());
}

function down(required: boolean, error: unknown): PartHealth {
  const reason = error instanceof OAuth2Error ? loggedFailure(error).describe() : (error as Error).message;
  return { state: 'down', required, reason };
}
