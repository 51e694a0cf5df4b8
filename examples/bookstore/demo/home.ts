import type { Context } from 'koa';
import type { ActionSummary } from 'routing-controllers-oauth2';
import type { HomeModel } from './home-page.js';
import type { LiveLines } from './live-lines.js';
import { isLocal } from './local-request.js';

/** What the home page shows to whom. */
export class Home {
  private actions: readonly ActionSummary[] | undefined;

  /** @param describe called once, when the page is first seen */
  constructor(
    private readonly live: Pick<LiveLines, 'lines'>,
    private readonly describe: () => readonly ActionSummary[],
  ) {}

  async modelFor(context: Context): Promise<HomeModel> {
    this.actions ??= this.describe();
    return { actions: this.actions, lines: isLocal(context) ? await this.live.lines() : undefined };
  }
}
