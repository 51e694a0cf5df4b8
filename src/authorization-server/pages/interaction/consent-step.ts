import type { Context } from 'koa';
import type { Interaction } from '../../ports.js';
import { PageError } from '../page-error.js';
import type { PageServices } from '../page-services.js';
import { hostOf } from '../rendering/host-of.js';
import { describedScopes } from '../rendering/scope-descriptions.js';
import { shownApplication } from '../rendering/shown-application.js';
import type { Viewer } from '../rendering/viewer.js';

/** The consent page on the way to an application. The user allows everything that it requests, or nothing. */
export class ConsentStep {
  constructor(private readonly services: PageServices) {}

  async show(context: Context, interaction: Interaction): Promise<void> {
    const { forms, renderer, dependencies } = this.services;
    const viewer = await this.viewer(interaction);
    await renderer.show(context, 'consent', {
      form: forms.make(
        context,
        `${dependencies.prefix}/interaction/${encodeURIComponent(interaction.uid)}`,
        subjectOf(interaction, viewer),
      ),
      application: shownApplication(interaction.application),
      viewer,
      scopes: describedScopes(interaction.scopes, dependencies.scopes),
      returnsTo: hostOf(interaction.redirectUri),
    });
  }

  async take(context: Context, interaction: Interaction): Promise<void> {
    const { forms, continuation, dependencies } = this.services;
    const viewer = await this.viewer(interaction);
    const decision = (await forms.take(context, subjectOf(interaction, viewer))).value('decision');
    if (decision !== 'allow' && decision !== 'deny') throw new PageError(400, 'badRequest');
    const url =
      decision === 'allow'
        ? await dependencies.interactions.finishConsent(context, interaction.scopes)
        : await dependencies.interactions.refuse(context);
    continuation.goOn(context, url);
  }

  private async viewer({ userId }: Interaction): Promise<Viewer> {
    const viewer = userId === undefined ? undefined : await this.services.viewers.of(userId);
    // The user was deleted or disabled after the login.
    if (viewer === undefined) throw new PageError(400, 'interactionOver');
    return viewer;
  }
}

/** The scopes are part of the subject: only what the page has shown can be allowed. */
function subjectOf({ uid, scopes }: Interaction, viewer: Viewer) {
  return { purpose: `consent ${uid} ${scopes.join(' ')}`, userId: viewer.id };
}
