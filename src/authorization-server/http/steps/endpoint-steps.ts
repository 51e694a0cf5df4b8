import type { RecentApplications } from '../../clients/recent-applications.js';
import { PlainClientCredentials } from '../../fast-path/plain-client-credentials.js';
import { WarmIntrospection } from '../../fast-path/warm-introspection.js';
import type { InnerDispatcher } from '../../oidc/inner-dispatcher.js';
import type { EndpointContext } from '../../server-context.js';
import { askProvider, tryFastPath } from './answers.js';
import { countBadTokens } from './bad-token-limits.js';
import { countClientFailures } from './client-failure-limits.js';
import { documentSteps } from './metadata-documents.js';
import { limitPolls } from './poll-limits.js';
import { redirectPosted } from './posted-requests.js';
import { read, readFromApplication } from './reading.js';
import { requestLimits } from './request-limits.js';
import { refuseRequestObjects } from './request-objects.js';
import { nameResources } from './resource-names.js';
import { UserCodeLimits } from './user-code-limits.js';

export type EndpointSteps = ReturnType<typeof endpointSteps>;

/** Creates the steps of the endpoints; each is documented where it is defined. */
export function endpointSteps(context: EndpointContext, dispatcher: InnerDispatcher, applications: RecentApplications) {
  return {
    limitRequests: requestLimits(context),
    read,
    readFromApplication,
    nameResources: nameResources(context),
    refuseRequestObjects,
    ...documentSteps(context),
    redirectPosted: redirectPosted(context.pages),
    countClientFailures: countClientFailures(context),
    countBadTokens: countBadTokens(context),
    limitUserCodes: new UserCodeLimits(context).step,
    limitPolls: limitPolls(context),
    tryClientCredentials: tryFastPath(new PlainClientCredentials(context, applications)),
    tryIntrospection: tryFastPath(new WarmIntrospection(context, applications)),
    askProvider: askProvider(dispatcher),
  };
}
