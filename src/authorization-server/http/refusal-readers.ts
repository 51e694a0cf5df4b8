import type { Context } from 'koa';
import { allowsOrigin, pagesOf } from '../clients/page-origins.js';
import type { RecentApplications } from '../clients/recent-applications.js';
import type { Issuer } from '../options/issuer.js';
import { BadRequest } from './request/bad-request.js';
import { claimedClientId } from './request/presented-client.js';
import type { ReadRequest } from './request/read-request.js';

/** Decides which pages of other origins may read refusals that oidc-provider has not produced. */
export class RefusalReaders {
  constructor(
    private readonly issuer: Issuer,
    private readonly applications: RecentApplications,
  ) {}

  /**
   * Such a refusal contains nothing about an application or a user. So the application is looked up only if a request
   * that has passed its limit needs at most one look-up, and never after exceeding a limit or during an outage.
   *
   * @param read the request, if it was read before it was refused
   */
  async mayRead(outer: Context, origin: string, read: ReadRequest | undefined, thrown: unknown): Promise<boolean> {
    if (read === undefined || !(thrown instanceof BadRequest)) return true;
    const clientId = claimedClientId(outer, read.parameters);
    if (clientId === undefined) return true;
    const application = await Promise.resolve(this.applications.find(clientId)).catch(() => undefined);
    return application === undefined || allowsOrigin(origin, this.issuer, pagesOf(application));
  }
}
