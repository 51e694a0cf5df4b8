import type { Configuration, TokenEndpointGrantContext } from 'oidc-provider';
import type { StorageAdapters } from '../adapter/storage-adapters.js';
import { Provider } from '../oidc-provider.js';
import type { SendResponse } from '../send-response.js';
import { storeFirstUses } from './replay-detection.js';

/** Stands before what sends a response to an application, in a response mode (`query`, `form_post` …). */
export type Hold = (send: SendResponse, mode: string) => SendResponse;

/**
 * oidc-provider, with each request at its token endpoint as one transaction.
 *
 * Patched: `registerGrantType` and `registerResponseMode`. The constructor registers the handler of each grant and of each
 * response mode through them, as a host registers its own; here each is wrapped. All checks stay oidc-provider's own: only
 * when and how the result is written is changed (see `Exchanges`), and whether a response may be sent (`held-responses`).
 * Written for: oidc-provider 9.13
 * Proven by: `test/integration/authorization-server/atomicity/exchange.test.ts`,
 * `test/integration/authorization-server/atomicity/families.test.ts`
 */
export class AtomicProvider extends Provider {
  private readonly storage: StorageAdapters;
  private readonly hold: Hold;

  constructor(issuer: string, configuration: Configuration, storage: StorageAdapters, hold: Hold) {
    super(issuer, configuration);
    this.storage = storage;
    this.hold = hold;
    storeFirstUses(this, storage);
  }

  override registerGrantType<Params extends object>(
    name: string,
    handler: (context: TokenEndpointGrantContext<Params>) => void | Promise<void>,
    params?: string | readonly string[] | ReadonlySet<string>,
    duplicates?: string | readonly string[] | ReadonlySet<string>,
  ): void {
    const inExchange = (context: TokenEndpointGrantContext<Params>) =>
      this.storage.exchanges.run(context, () => handler(context));
    super.registerGrantType<Params>(name, inExchange, params, duplicates);
  }

  override registerResponseMode(name: string, handler: SendResponse): void {
    const send: SendResponse = handler.bind(this);
    super.registerResponseMode(name, (ctx, redirectUri, parameters) =>
      this.hold(send, name)(ctx, redirectUri, parameters),
    );
  }
}
