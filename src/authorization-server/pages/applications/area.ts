import type { Context } from 'koa';
import type { Application, OwnerOption } from '../../../storage/index.js';
import { PageError } from '../page-error.js';
import type { PageServices } from '../page-services.js';
import type { ListedApplication } from '../rendering/application-models.js';
import { shownApplication } from '../rendering/shown-application.js';
import type { Viewer } from '../rendering/viewer.js';
import { SignedIn } from '../sign-in/sign-in.js';

/** The applications that a group of users manages: their own, or all of them. */
export interface ApplicationArea {
  readonly isStaff: boolean;
  /** The URL of the list. */
  readonly listUrl: string;
  /**
   * The viewer, if allowed here; `undefined` if nobody is signed in and the browser was redirected to the sign-in page.
   */
  viewer(context: Context): Promise<Viewer | undefined>;
  /** @throws PageError 404 if there is no such application, or this viewer may not see it */
  find(viewer: Viewer, clientId: string): Promise<Application>;
  /** The condition under which the storage changes an application, checked again at that moment. */
  condition(viewer: Viewer): OwnerOption;
}

/** The area of users' own applications. Those of others do not exist there. */
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

/** The URL of an application. */
export function urlOf(area: ApplicationArea, clientId: string): string {
  return `${area.listUrl}/${encodeURIComponent(clientId)}`;
}

export function listed(area: ApplicationArea, application: Application): ListedApplication {
  const { clientId, clientType, userId } = application;
  return {
    ...shownApplication(application),
    clientType,
    url: urlOf(area, clientId),
    hasSecret: clientType === 'confidential' && !application.hasKeys(),
    isDisabled: application.isDisabled(),
    owner: userId,
  };
}
