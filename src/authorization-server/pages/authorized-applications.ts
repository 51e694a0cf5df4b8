import { seeOther } from './continuation.js';
import { PageError } from './page-error.js';
import type { PageRoute } from './page-router.js';
import type { PageServices } from './page-services.js';
import { noticeOf } from './rendering/notices.js';
import { describedScopes } from './rendering/scope-descriptions.js';
import { shownApplication } from './rendering/shown-application.js';
import { SignedIn } from './sign-in/sign-in.js';

/** The list of applications that may act for the user, and withdrawing access. */
export function authorizedApplicationRoutes(services: PageServices): PageRoute[] {
  const { dependencies, forms, renderer } = services;
  const signedIn = new SignedIn(services);
  const listUrl = `${dependencies.prefix}/authorized-applications`;
  const withdrawUrl = (clientId: string) => `${listUrl}/${encodeURIComponent(clientId)}/withdraw`;

  async function granted(userId: string, clientId: string) {
    const consents = await dependencies.consents.list(userId);
    const found = consents.find(({ application }) => application.clientId === clientId);
    if (found === undefined) throw new PageError(404, 'notFound');
    return found;
  }

  return [
    {
      path: '/authorized-applications',
      async get(context) {
        const viewer = await signedIn.viewer(context);
        if (viewer === undefined) return;
        const consents = await dependencies.consents.list(viewer.id);
        await renderer.show(context, 'authorizedApplications', {
          viewer,
          applications: consents.map(({ application, scopes, wasAsked, grantedAtMilliseconds }) => ({
            ...shownApplication(application),
            scopes: describedScopes(scopes, dependencies.scopes),
            wasAsked,
            grantedAtMilliseconds,
            withdrawUrl: withdrawUrl(application.clientId),
          })),
          notice: noticeOf(context),
        });
      },
    },
    {
      path: '/authorized-applications/:clientId/withdraw',
      async get(context, { clientId = '' }) {
        const viewer = await signedIn.viewer(context);
        if (viewer === undefined) return;
        const { application } = await granted(viewer.id, clientId);
        const { name, skipAuthorization } = application;
        await renderer.show(context, 'confirm', {
          viewer,
          what: skipAuthorization ? 'withdraw-unasked' : 'withdraw',
          subject: name,
          form: forms.make(context, withdrawUrl(clientId), subjectOf(clientId, viewer.id)),
          cancelUrl: listUrl,
        });
      },
      async post(context, { clientId = '' }) {
        const viewer = await signedIn.viewer(context);
        if (viewer === undefined) return;
        await forms.take(context, subjectOf(clientId, viewer.id));
        if (!(await dependencies.consents.withdraw(viewer.id, clientId))) throw new PageError(404, 'notFound');
        seeOther(context, `${listUrl}?done=withdrawn`);
      },
    },
  ];
}

function subjectOf(clientId: string, userId: string) {
  return { purpose: `withdraw ${clientId}`, userId };
}
