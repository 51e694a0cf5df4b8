import type { UserStore } from '../core/users.js';
import type { OAuth2 } from '../oauth2.js';
import { userIdOf } from '../resource-server/user-reference.js';
import { GRANT_TYPES } from '../storage/index.js';
import { type Caller, type CallerDetails, type CallerScopes, isClient, readDetails, TEST_CLIENT } from './caller.js';
import { MemoryUsers } from './memory-users.js';

/** The grant types that ask for no redirect URI. */
const GRANTS = GRANT_TYPES.filter((grant) => grant !== 'authorization_code');

/** Issues real tokens, and registers the applications and users that they need. */
export class TestTokens {
  /** Registrations in progress or done, so that two tokens at once register an application once. */
  private readonly registered = new Map<string, Promise<void>>();

  constructor(
    private readonly oauth2: OAuth2,
    private readonly users: UserStore,
  ) {}

  /** @throws Error (rejects) if there is no such user, or the application may not have such a token */
  async issue(path: string, caller: Caller, scopes: CallerScopes, given: CallerDetails): Promise<string> {
    const details = readDetails(path, given);
    const client = isClient(caller) ? caller.client : (details.client ?? TEST_CLIENT);
    await this.register(client);
    const issued = await this.oauth2.tokens.issue({
      application: client,
      scope: scopes,
      ...(!isClient(caller) && { user: await this.userIdOf(path, caller) }),
      ...(details.lifetimeSeconds !== undefined && { lifetimeSeconds: details.lifetimeSeconds }),
    });
    await issued.model.$query().patch(this.columnsOf(caller, details));
    return issued.access_token;
  }

  private async userIdOf(path: string, user: Exclude<Caller, { readonly client: string }>): Promise<string> {
    const { users } = this;
    const id = userIdOf(user, users);
    if (users instanceof MemoryUsers) {
      if (typeof user === 'object') users.add(id, user);
      else if (users.findById(id) === undefined) users.add(id, { id });
      return id;
    }
    const found = await users.findById(id);
    if (found === undefined || found === null) {
      throw new Error(`${path}: the option users knows no user ${JSON.stringify(id)}; store the user first.`);
    }
    return id;
  }

  private register(clientId: string): Promise<void> {
    let registered = this.registered.get(clientId);
    if (registered === undefined) {
      registered = this.registerNow(clientId);
      this.registered.set(clientId, registered);
    }
    return registered;
  }

  private async registerNow(clientId: string): Promise<void> {
    const { applications } = this.oauth2;
    if ((await applications.findByClientId(clientId)) !== undefined) return;
    await applications.create({ name: clientId, clientId, grantTypes: GRANTS });
  }

  /** What the authorization server stores of the authentication of a user, in its JSON. */
  private columnsOf(caller: Caller, { acr, audience, authenticatedSecondsAgo = 0 }: CallerDetails) {
    const now = this.oauth2.parts.verification.clock.nowMilliseconds();
    const extra = { ...(acr !== undefined && { acr }), auth_time: Math.floor(now / 1_000) - authenticatedSecondsAgo };
    return {
      payload: isClient(caller) ? null : JSON.stringify({ extra }),
      ...(audience !== undefined && { audience: JSON.stringify(audience) }),
    };
  }
}
