import type { Knex } from 'knex';
import { composeBasis } from './compose/basis.js';
import { Opened } from './compose/opened.js';
import { composeServices, type Services } from './compose/services.js';
import { composeStorage } from './compose/storage.js';
import { composeTokenVerification } from './compose/token-verification.js';
import type { OAuth2Events } from './core/events/events.js';
import { type OAuth2Options, readOptions } from './options.js';
import { BrowserSessions } from './resource-server/browser-sessions.js';
import { TokenService } from './resource-server/token-service.js';
import type { ApplicationRepository, OAuth2Models, TableNames } from './storage/index.js';

/** The part of `OAuth2` that serves no requests; with it, neither routing-controllers nor Koa is loaded. */
export interface OAuth2Services {
  readonly tokens: TokenService;
  readonly sessions: BrowserSessions;
  readonly applications: ApplicationRepository;
  readonly models: OAuth2Models;
  readonly tables: TableNames;
  readonly events: OAuth2Events;
  readonly knex: Knex;
  /** How many other processes are told of revocations through Redis; `undefined` if there is none, or it does not say. */
  listeners(): Promise<number | undefined>;
  close(): Promise<void>;
}

/**
 * Opens the services of a configuration, as `createOAuth2` does. What only requests need is neither created nor checked:
 * throttles, guards and the authorization server.
 *
 * @throws ConfigurationError if an option is invalid, naming it, its value and the fix
 */
export function openServices(given: OAuth2Options): OAuth2Services {
  const options = readOptions(given);
  const opened = new Opened();
  try {
    const basis = composeBasis(options);
    const storage = composeStorage(options, basis, opened);
    const verification = composeTokenVerification(options, basis, storage, opened);
    const services = composeServices(options, basis, storage, verification);
    options.container?.set(TokenService, services.tokens);
    options.container?.set(BrowserSessions, services.sessions);
    return servicesOf(services);
  } catch (error) {
    opened.abandon();
    throw error;
  }
}

function servicesOf(parts: Services): OAuth2Services {
  const { basis, storage, verification, tokens, sessions, applications } = parts;
  return {
    tokens,
    sessions,
    applications,
    models: storage.models,
    tables: storage.tables,
    events: basis.events,
    knex: storage.database.knex,
    listeners: async () => verification.cache.listeners?.(),
    async close() {
      storage.identity?.close();
      storage.stopObserving();
      basis.log.flush();
      await Promise.all([
        tokens.close(),
        verification.verifiers.close(),
        verification.cache.close(),
        storage.bounds.close(),
      ]);
    },
  };
}
