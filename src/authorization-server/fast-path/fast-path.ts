import type { Context } from 'koa';
import type { Parameters } from '../http/request/parameters.js';
import type { PresentedClient } from '../http/request/presented-client.js';

/** What a fast path is told of a request. */
export interface FastRequest {
  /** The host's context. */
  readonly outer: Context;
  /** The parameters of its body. */
  readonly parameters: Parameters;
  /** What it proves itself by. */
  readonly client: PresentedClient | undefined;
}

/**
 * Answers one frequent kind of request without oidc-provider. It may always decline, and declines whatever is not exactly
 * of that kind, refusals among it; so nothing is decided here that oidc-provider would decide otherwise.
 * `test/integration/authorization-server/fast-path.test.ts` compares the answers of both.
 */
export interface FastPath {
  /**
   * The answer as JSON, at once if all that it needs is at hand; `undefined`: it declines.
   *
   * @throws TemporarilyUnavailableError (rejects) if the database cannot answer; then nothing is stored
   */
  tryAnswer(request: FastRequest): string | undefined | Promise<string | undefined>;
}
