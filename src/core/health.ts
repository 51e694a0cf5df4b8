/** Whether something works that requests may need. */
export interface PartHealth {
  /** Whether it works. */
  readonly state: 'up' | 'down';
  /** Whether no request can be decided on without it, so that the process is not ready while it is down. */
  readonly required: boolean;
  /** Why it is down, for the operator; it may name hosts, so it is not sent by `/health/ready`. */
  readonly reason?: string | undefined;
}

/**
 * The parts of an application and whether they work now.
 *
 * @example
 * ```ts
 * import type { OAuth2 } from 'routing-controllers-oauth2';
 *
 * export async function downParts(oauth2: OAuth2): Promise<string[]> {
 *   const { parts } = await oauth2.health();
 *   return Object.entries(parts).flatMap(([name, part]) => (part?.state === 'down' ? [`${name}: ${part.reason}`] : []));
 * }
 * ```
 */
export interface HealthReport {
  /** Whether this process can decide on a request now: every required part is up, and `close()` was not called. */
  readonly ready: boolean;
  /** Whether `close()` was called. */
  readonly closing: boolean;
  /** The parts that requests may need. */
  readonly parts: {
    /** The database: whether it answers, and is migrated; absent if no request needs it. */
    readonly database?: PartHealth | undefined;
    /** The keys, or the endpoint, that tokens of other issuers are verified with; absent if there are none. */
    readonly verifiers?: PartHealth | undefined;
    /** The token cache in Redis: without it tokens are looked up in the database. Absent without Redis. */
    readonly tokenCache?: PartHealth | undefined;
    /** The store of the throttles: without it `throttling.whenStoreFails` decides. Absent if they count in this process. */
    readonly throttles?: PartHealth | undefined;
  };
}
