import type Koa from 'koa';
import type { Adapter, Configuration, Provider } from 'oidc-provider';
import { ConfigurationError, TemporarilyUnavailableError } from '../../core/errors.js';
import { refreshTokenLifetime } from '../grants/lifetimes.js';
import type { SigningKeySet, SigningKeys } from '../keys/signing-keys.js';
import type { EndpointContext } from '../server-context.js';
import { createStorageAdapters, type StorageAdapters } from './adapter/storage-adapters.js';
import { clientAdapter } from './client-adapter.js';
import { registerClient } from './client-registration.js';
import { configuration } from './configuration.js';
import { bridgeEvents } from './event-bridge.js';
import { sendingByForm } from './hooks/page-hooks.js';
import { answersOutages, asOutage } from './outage.js';
import { AtomicProvider } from './patches/atomic-provider.js';
import { checkTokens } from './patches/checked-tokens.js';
import { compareStoredSecrets } from './patches/client-secrets.js';
import { holdingBack } from './patches/held-responses.js';
import { storeJwtAccessTokens } from './patches/jwt-access-tokens.js';
import { narrowGrants } from './patches/narrowed-grants.js';
import { compareRegisteredUris } from './patches/registered-redirect-uris.js';
import { keepSessionOfGrants } from './patches/session-grants.js';
import { bindSessions } from './patches/session-life.js';
import { shareNonces } from './patches/shared-nonces.js';
import { refuseUnregistered } from './patches/unauthorized-client.js';

/** Returns the provider for the present keys; a new one when they have changed. */
export class Providers {
  private readonly storage: StorageAdapters;
  private made: { readonly keys: unknown; readonly provider: Provider } | undefined;

  constructor(
    private readonly context: EndpointContext,
    private readonly keys: SigningKeys,
  ) {
    const { settings, dependencies } = context;
    const storage = createStorageAdapters({
      models: dependencies.models,
      tokens: dependencies.tokens,
      opaqueTokens: dependencies.opaqueTokens,
      clock: dependencies.clock,
      random: dependencies.random,
      sealer: settings.sealer,
      logger: dependencies.logger,
      defaultAudience: dependencies.resource,
      // The application was already found for this request.
      refreshLifetimeSeconds: async (clientId) =>
        refreshTokenLifetime(context, (await context.findApplication(clientId)) ?? {}),
      refreshGraceSeconds: settings.refreshGraceSeconds,
      invalidate: (keys) => dependencies.invalidate(keys),
      forgetMiss: (key) => dependencies.forgetMiss(key),
      // Only these members: an event contains ids, never a token.
      emit: (name, { familyId, clientId, userId }) =>
        dependencies.events.tell(name, () => ({ familyId, clientId, userId })),
    });
    const run = asOutage(storage.exchanges.run.bind(storage.exchanges));
    this.storage = {
      adapter: storage.adapter.bind(storage),
      exchanges: Object.assign(Object.create(storage.exchanges) as StorageAdapters['exchanges'], { run }),
      isFirstUse: asOutage(storage.isFirstUse.bind(storage)),
    };
  }

  /** @throws TemporarilyUnavailableError if there are no keys yet and the database is unavailable, or holds none that can be used */
  async current(): Promise<Provider> {
    const keys = await this.usableKeys();
    const unready = this.context.dependencies.opaqueTokens.ready();
    if (unready !== undefined) await unready;
    if (this.made?.keys !== keys) this.made = { keys, provider: this.make(keys.jwks) };
    return this.made.provider;
  }

  /** Until the operator has done what the message says, nothing can be signed: an outage, and no fault of the request. */
  private async usableKeys(): Promise<SigningKeySet> {
    try {
      return await this.keys.current();
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      throw new TemporarilyUnavailableError({ part: 'signing keys', detail: error.message, cause: error });
    }
  }

  private make(jwks: unknown): Provider {
    const { context } = this;
    const { dependencies, settings } = context;
    const clients = clientAdapter(context.findApplication, context.describeClient, (metadata) =>
      registerClient(
        dependencies.applications,
        settings.limits.registration,
        context.describeClient,
        metadata,
        settings.dynamicRegistration?.allScopes,
      ),
    );
    const adapter = (kind: string): Adapter => answersOutages(kind === 'Client' ? clients : this.storage.adapter(kind));
    const provider = new AtomicProvider(
      context.settings.issuer.identifier,
      configuration(context, adapter, jwks as Configuration['jwks']),
      this.storage,
      (send, mode) => holdingBack(context, mode === 'form_post' ? sendingByForm(context) : send),
    );
    // `innerRequest` sets host and protocol from the issuer, so they can be trusted.
    provider.proxy = true;
    // Requests are run by `InnerDispatcher` and failures are reported by `event-bridge`; oidc-provider need not print
    // anything.
    (provider as unknown as Koa).on('error', () => {});
    patch(provider, context);
    bridgeEvents(context, provider);
    return provider;
  }
}

/**
 * The deviations from oidc-provider; each file explains its reason. `AtomicProvider` and its `hold` are patches too.
 */
function patch(provider: Provider, context: EndpointContext): void {
  compareStoredSecrets(provider, context);
  compareRegisteredUris(provider);
  refuseUnregistered(provider);
  narrowGrants(provider, context.scopes);
  storeJwtAccessTokens(provider);
  checkTokens(provider, context.dependencies.opaqueTokens);
  shareNonces(provider, context.dependencies.dpopNonces(context.settings.sealer.deriveKeys('dpop nonce')));
  keepSessionOfGrants(provider);
  bindSessions(provider, context);
  context.binding.bind(provider);
}
