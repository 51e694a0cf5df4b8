import type { Configuration, TokenEndpointGrantContext } from 'oidc-provider';
import { Provider } from '../oidc-provider.js';
import type { StorageAdapters } from './create-storage.js';

/**
 * oidc-provider, with each request at its token endpoint as one transaction.
 *
 * Its constructor registers the handler of each grant through `registerGrantType`, as a host registers its own; here
 * each is wrapped. So all checks are oidc-provider's own, and only when and how the result is written is not.
 */
export class AtomicProvider extends Provider {
  private readonly storage: StorageAdapters;

  constructor(issuer: string, configuration: Configuration, storage: StorageAdapters) {
    super(issuer, configuration);
    this.storage = storage;
    // oidc-provider looks first and writes then, so that two requests with one proof may both pass.
    Object.assign(this.ReplayDetection, {
      unique: (issuedBy: string, id: string, expiresAtSeconds: number) =>
        storage.isFirstUse(issuedBy, id, expiresAtSeconds),
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
}
