import type Koa from 'koa';
import type { Adapter, Configuration, Provider } from 'oidc-provider';
import { sha256Key } from '../../core/digest.js';
import { isSecretOf } from '../clients/imported-secrets.js';
import { isRegistered } from '../clients/redirect-uris.js';
import { refreshTokenLifetime } from '../grants/lifetimes.js';
import type { SigningKeys } from '../keys/signing-keys.js';
import type { EndpointContext } from '../server-context.js';
import { AtomicProvider, createStorageAdapters, type StorageAdapters } from './adapter/index.js';
import { clientAdapter } from './client-adapter.js';
import { registerClient } from './client-registration.js';
import { applicationOf, configuration } from './configuration.js';
import { observe } from './event-bridge.js';
import { sendingByForm } from './hooks/page-hooks.js';
import { currentState } from './inner-state.js';
import { answersOutages, asOutage } from './outage.js';
import { holdingBack } from './patches/held-responses.js';
import { narrowGrants } from './patches/narrowed-grants.js';
import { keepSessionOfGrants } from './patches/session-grants.js';
import { adaptSessions } from './patches/session-life.js';
import { refuseUnregistered } from './patches/unauthorized-client.js';

/** Gives the provider of the keys that are in use; a new one when they have changed. */
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
      clock: dependencies.clock,
      random: dependencies.random,
      sealer: settings.sealer,
      logger: dependencies.logger,
      defaultAudience: dependencies.resource,
      // The application is at hand: it was found for this request.
      refreshLifetimeSeconds: async (clientId) =>
        refreshTokenLifetime(context, (await context.findApplication(clientId)) ?? {}),
      refreshGraceSeconds: settings.refreshGraceSeconds,
      invalidate: (keys) => dependencies.invalidate(keys),
      forgetMiss: (key) => dependencies.forgetMiss(key),
      // Only these: an event has ids, never a token.
      emit: (name, { familyId, clientId, userId }) => dependencies.events.emit(name, { familyId, clientId, userId }),
    });
    const run = asOutage(storage.exchanges.run.bind(storage.exchanges));
    this.storage = {
      adapter: storage.adapter.bind(storage),
      exchanges: Object.assign(Object.create(storage.exchanges) as StorageAdapters['exchanges'], { run }),
      isFirstUse: asOutage(storage.isFirstUse.bind(storage)),
    };
  }

  /** @throws TemporarilyUnavailableError if there are no keys yet and the database is away */
  async current(): Promise<Provider> {
    const keys = await this.keys.current();
    if (this.made?.keys !== keys) this.made = { keys, provider: this.make(keys.jwks) };
    return this.made.provider;
  }

  private make(jwks: unknown): Provider {
    const { context } = this;
    const { dependencies, settings } = context;
    const clients = clientAdapter(context.findApplication, context.describeClient, (metadata) =>
      registerClient(dependencies.applications, settings.limits.registration, context.describeClient, metadata),
    );
    const adapter = (kind: string): Adapter => answersOutages(kind === 'Client' ? clients : this.storage.adapter(kind));
    const provider = new AtomicProvider(
      context.settings.issuer.identifier,
      configuration(context, adapter, jwks as Configuration['jwks']),
      this.storage,
      (send, mode) => holdingBack(context, mode === 'form_post' ? sendingByForm(context) : send),
    );
    // Behind the issuer's own name: what `innerRequest` says of host and protocol is to be believed.
    provider.proxy = true;
    // Requests are run by `InnerDispatcher`, and what fails is reported by `event-bridge`; nothing is left for oidc-provider to print.
    (provider as unknown as Koa).on('error', () => {});
    adaptClients(context, provider);
    context.binding.bind(provider);
    const end = asOutage((uid: string) => dependencies.sessions.end(sha256Key(uid)));
    adaptSessions(provider, context.settings, dependencies, end);
    keepSessionOfGrants(provider);
    narrowGrants(provider.Grant.prototype, context.scopes);
    observe(context, provider);
    return provider;
  }
}

/** Applications were checked when they were registered, by our own rules; secrets and URIs are compared by them too. */
function adaptClients(context: EndpointContext, provider: Provider): void {
  const { Client } = provider;
  const prototype = Client.prototype as {
    compareClientSecret(secret: string): Promise<boolean>;
    redirectUriAllowed(uri: string): boolean;
    postLogoutRedirectUriAllowed(uri: string): boolean;
  };
  refuseUnregistered(Client.prototype);
  const checkSecret = asOutage(async (clientId: string, secret: string) => {
    const application = await context.findApplication(clientId);
    const isRight = application !== undefined && (await isSecretOf(context, application, secret));
    const state = currentState();
    if (state !== undefined) state.secretIsRight = isRight;
    return isRight;
  });
  prototype.compareClientSecret = function compareClientSecret(this: InstanceType<typeof Client>, secret) {
    return checkSecret(this.clientId, secret);
  };
  prototype.redirectUriAllowed = function redirectUriAllowed(this: InstanceType<typeof Client>, uri) {
    return isRegistered(uri, this.redirectUris ?? [], applicationOf(this).isPublic);
  };
  prototype.postLogoutRedirectUriAllowed = function allowed(this: InstanceType<typeof Client>, uri) {
    return isRegistered(uri, this.postLogoutRedirectUris ?? [], applicationOf(this).isPublic);
  };
  const { Schema } = Client as unknown as { readonly Schema: { readonly prototype: Record<string, () => void> } };
  Schema.prototype.redirectUris = () => {};
}
