import type { Context } from 'koa';
import type { ActionSummary } from 'routing-controllers-oauth2';
import type { HomeModel } from './home-page.js';
import type { LiveLines } from './live-lines.js';
import { isLocal, isLoopbackUrl } from './local-request.js';

/** What the home page shows to whom. */
export class Home {
  private actions: readonly ActionSummary[] | undefined;

  private readonly isPublic: boolean;

  /**
   * @param issuer the address that browsers see. If it is not on this machine, a proxy is in front, and which fields that
   *   sets is not known: then nobody is shown tokens
   * @param describe called once, when the page is first seen
   */
  constructor(
    issuer: string,
    private readonly live: Pick<LiveLines, 'lines'>,
    private readonly describe: () => readonly ActionSummary[],
  ) {
    this.isPublic = !isLoopbackUrl(issuer);
  }

  async modelFor(context: Context): Promise<HomeModel> {
    this.actions ??= this.describe();
    return { actions: this.actions, lines: !this.isPublic && isLocal(context) ? await this.live.lines() : undefined };
  }
}
