import type { Configuration, TokenEndpointGrantContext } from 'oidc-provider';
import type { StorageAdapters } from '../adapter/storage-adapters.js';
import { errors, Provider } from '../oidc-provider.js';
import type { SendResponse } from '../send-response.js';

/** So much may the time of a proof be ahead, and one for the second that has begun; it counts for longer by that. */
const AHEAD_SECONDS = 301;

/** Stands before what sends a response to an application, in a response mode (`query`, `form_post` …). */
export type Hold = (send: SendResponse, mode: string) => SendResponse;

/**
 * oidc-provider, with each request at its token endpoint as one transaction.
 *
 * Its constructor registers the handler of each grant through `registerGrantType`, as a host registers its own, and
 * that of each response mode likewise; here each is wrapped. So all checks are oidc-provider's own, and only when and how the result is written is not.
 */
export class AtomicProvider extends Provider {
  private readonly storage: StorageAdapters;

  private readonly hold: Hold;

  constructor(issuer: string, configuration: Configuration, storage: StorageAdapters, hold: Hold) {
    super(issuer, configuration);
    this.storage = storage;
    this.hold = hold;
    // oidc-provider looks first and writes then, so that two requests with one proof may both pass.
    Object.assign(this.ReplayDetection, {
      async unique(issuedBy: string, id: string, expiresAtSeconds: number): Promise<boolean> {
        const isFirst = await storage.isFirstUse(issuedBy, id, expiresAtSeconds + AHEAD_SECONDS);
        // Client assertions were looked at before: within an exchange it can only be a proof of possession (RFC 9449
        // §5), for which oidc-provider would blame the grant.
        if (isFirst || storage.exchanges.get() === undefined) return isFirst;
        throw new errors.InvalidDpopProof('the proof was used before');
      },
    });
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
