import type { Context } from 'koa';
import { authenticatedAtMilliseconds, type HostLogin } from '../../host-login.js';
import type { Interaction } from '../../ports.js';
import { seeOther } from '../continuation.js';
import { PageError } from '../page-error.js';
import type { PageServices } from '../page-services.js';

/** Login by the host on the way to an application: a user who is signed in there continues. */
export class HostLoginStep {
  constructor(
    private readonly services: PageServices,
    private readonly login: HostLogin,
  ) {}

  async show(context: Context, interaction: Interaction): Promise<void> {
    seeOther(context, await this.next(context, interaction));
  }

  /** There is no form to submit here. */
  async take(): Promise<void> {
    throw new PageError(405, 'wrongMethod', { Allow: 'GET, HEAD' });
  }

  private async next(context: Context, interaction: Interaction): Promise<string> {
    const { dependencies, viewers } = this.services;
    const { sinceMilliseconds, askedAtMilliseconds } = interaction.login;
    const mark = await dependencies.signIns.mark();
    const userId = await this.login.userId(context);
    const viewer = userId === undefined ? undefined : await viewers.of(userId);
    // A user who is signed in there but may not act would be sent back again, unless the host is told to ask for
    // another user.
    if (viewer === undefined)
      return this.ask(context, interaction, userId !== undefined || sinceMilliseconds !== undefined);
    const atMilliseconds = await this.authenticatedAtMilliseconds(context, interaction);
    const isRight =
      sinceMilliseconds === undefined || (atMilliseconds !== undefined && atMilliseconds >= sinceMilliseconds);
    // A user who has signed in since then has reached what the host has to offer: the application is told if that is not
    // enough, and nobody is sent round in circles.
    const mayReachMore =
      atMilliseconds !== undefined &&
      atMilliseconds < askedAtMilliseconds &&
      (await interaction.login.lacksAcr(viewer.id, context));
    if (isRight && !mayReachMore)
      return dependencies.interactions.finishLogin(context, viewer.id, atMilliseconds, mark);
    // Without times, the host could only send the same user back.
    if (this.login.authenticatedAtMilliseconds === undefined) return dependencies.interactions.failLogin(context);
    return this.ask(context, interaction, true);
  }

  private ask(context: Context, { uid, login: { acrValues } }: Interaction, reauthenticate: boolean): string {
    return this.login.url(uid, context, { reauthenticate, ...(acrValues !== undefined && { acrValues }) });
  }

  /** The time according to the host, or now if nobody was signed in before. */
  private async authenticatedAtMilliseconds(context: Context, { login }: Interaction): Promise<number | undefined> {
    const { clock } = this.services.dependencies;
    const known = await authenticatedAtMilliseconds(this.login, context, clock);
    return known ?? (login.wasSignedOut ? clock.nowMilliseconds() : undefined);
  }
}
