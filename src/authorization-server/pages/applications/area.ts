import type { Context } from 'koa';
import type { Application, OwnerOption } from '../../../storage/index.js';
import { PageError } from '../page-error.js';
import type { ListedApplication, Viewer } from '../page-models.js';
import type { PageServices } from '../page-services.js';
import { SignedIn } from '../sign-in.js';

/** The applications that one sort of people look after: their own, or all of them. */
export interface ApplicationArea {
  readonly isStaff: boolean;
  /** Where the list is. */
  readonly listUrl: string;
  /** Whoever may be here; if nobody is signed in, the browser was sent to sign in. */
  viewer(context: Context): Promise<Viewer | undefined>;
  /** @throws PageError 404 if there is none, or none that this viewer may see */
  find(viewer: Viewer, clientId: string): Promise<Application>;
  /** The condition under which the storage changes an application, so that it also holds at that moment. */
  condition(viewer: Viewer): OwnerOption;
}

/** The area of the applications that users own. What belongs to others does not exist there. */
export function ownersArea(services: PageServices): ApplicationArea {
  const signedIn = new SignedIn(services);
  return {
    isStaff: false,
    listUrl: `${services.dependencies.prefix}/applications`,
    viewer: (context) => signedIn.viewer(context),
    async find(viewer, clientId) {
      const application = await services.dependencies.applications.findByClientId(clientId);
      if (application === undefined || application.userId !== viewer.id) throw new PageError(404, 'notFound');
      return application;
    },
    condition: (viewer) => ({ ownedBy: viewer.id }),
  };
}

/** The area of all applications. */
export function staffArea(services: PageServices): ApplicationArea {
  const signedIn = new SignedIn(services);
  return {
    isStaff: true,
    listUrl: `${services.dependencies.prefix}/staff/applications`,
    viewer: (context) => signedIn.staff(context),
    async find(_viewer, clientId) {
      const application = await services.dependencies.applications.findByClientId(clientId);
      if (application === undefined) throw new PageError(404, 'notFound');
      return application;
    },
    condition: () => ({}),
  };
}

/** Where an application is. */
export function urlOf(area: ApplicationArea, clientId: string): string {
  return `${area.listUrl}/${encodeURIComponent(clientId)}`;
}

export function listed(area: ApplicationArea, application: Application): ListedApplication {
  const { clientId, name, clientType, userId } = application;
  return {
    clientId,
    name,
    clientType,
    url: urlOf(area, clientId),
    hasSecret: clientType === 'confidential' && !application.hasKeys(),
    isDisabled: application.isDisabled(),
    owner: userId,
  };
}
