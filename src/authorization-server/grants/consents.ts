import type { ConsentRepository } from '../../storage/index.js';
import type { AuthorizedApplication, Consents } from '../ports.js';
import type { AuthorizationServerDependencies } from '../server-dependencies.js';

/** What users granted, and withdrawing it in every process. */
export class StoredConsents implements Consents {
  constructor(
    private readonly repository: ConsentRepository,
    private readonly dependencies: Pick<AuthorizationServerDependencies, 'applications' | 'revokeAllOf' | 'events'>,
  ) {}

  async list(userId: string): Promise<AuthorizedApplication[]> {
    const consents = await this.repository.list(userId);
    return consents.map(({ application, scopes, wasAsked, createdAtMilliseconds }) => ({
      application,
      scopes,
      wasAsked,
      grantedAtMilliseconds: createdAtMilliseconds,
    }));
  }

  async withdraw(userId: string, clientId: string): Promise<boolean> {
    const { applications, revokeAllOf, events } = this.dependencies;
    const application = await applications.findByClientId(clientId);
    if (application === undefined) return false;
    const consents = await this.repository.list(userId);
    const scopes = consents.find((consent) => consent.application.id === application.id)?.scopes ?? [];
    // The consent is removed first, so that nothing new is granted in between. The tokens are revoked even if the
    // consent was gone, because an earlier call may have failed half-way.
    const withdrawn = await this.repository.withdraw(userId, application.id);
    await revokeAllOf({ userId, clientId });
    if (withdrawn) events.tell('consent.withdrawn', () => ({ userId, clientId, scopes }));
    return withdrawn;
  }
}
