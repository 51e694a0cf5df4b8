import type { Context } from 'koa';
import { PageError } from '../page-error.js';
import type { PageRoute, PathParameters } from '../page-router.js';
import type { PageServices } from '../page-services.js';
import { ConsentStep } from './consent-step.js';
import { HostLoginStep } from './host-login-step.js';
import { LoginStep } from './login-step.js';

/** The pages that a browser is shown on its way through the authorization endpoint. */
export function interactionRoutes(services: PageServices): PageRoute[] {
  const { login } = services.dependencies;
  const steps = {
    login: login === undefined ? new LoginStep(services) : new HostLoginStep(services, login),
    consent: new ConsentStep(services),
  };

  async function current(context: Context, { uid }: PathParameters) {
    const interaction = await services.dependencies.interactions.current(context);
    // The URL must belong to the interaction of the cookie; otherwise a form could complete another one than it shows.
    if (interaction === undefined || interaction.uid !== uid) throw new PageError(400, 'interactionOver');
    return interaction;
  }

  return [
    {
      path: '/interaction/:uid',
      async get(context, parameters) {
        const interaction = await current(context, parameters);
        await steps[interaction.prompt].show(context, interaction);
      },
      async post(context, parameters) {
        const interaction = await current(context, parameters);
        await steps[interaction.prompt].take(context, interaction);
      },
    },
  ];
}
