import { ROUTES } from '../oidc/provider-routes.js';
import type { Settings } from '../options/authorization-server-options.js';
import type { Step } from './endpoint-request.js';
import type { Endpoint } from './request/endpoint.js';
import type { EndpointSteps } from './steps/endpoint-steps.js';

/** An endpoint with the steps that a request to it goes through, in their order. */
export interface SteppedEndpoint extends Endpoint {
  /** The path. One that ends with a slash stands for all paths below it that name an interaction. */
  readonly path: string;
  readonly steps: readonly Step[];
}

const READ = ['GET', 'HEAD'] as const;
const READ_OR_POST = [...READ, 'POST'] as const;

/** For programs; pages of every origin may read the answers. */
const PROGRAM = { caller: 'program', readers: 'everybody', body: undefined } as const;
/** For programs that authenticate as an application (RFC 6749 §2.3). */
const CLIENT = { caller: 'program', readers: 'applications', methods: ['POST', 'OPTIONS'], body: 'form' } as const;
/** For people. */
const BROWSER = { caller: 'browser', readers: undefined, body: undefined } as const;
const BROWSER_FORM = { ...BROWSER, body: 'form' } as const;

const OAUTH_METADATA = '/.well-known/oauth-authorization-server';
const OPENID_METADATA = '/.well-known/openid-configuration';

/** All endpoints. Before each list of steps comes what all endpoints share: see `EndpointDispatcher`. */
export function listEndpoints(
  { prefix, issuer, dynamicRegistration }: Settings,
  {
    limitRequests,
    read,
    readFromApplication,
    nameResources,
    refuseRequestObjects,
    readDocument,
    refreshDocument,
    redirectPosted,
    countClientFailures,
    countBadTokens,
    limitUserCodes,
    limitPolls,
    tryClientCredentials,
    tryIntrospection,
    askProvider,
  }: EndpointSteps,
): readonly SteppedEndpoint[] {
  const at = (name: keyof typeof ROUTES) => ({ name, path: prefix + ROUTES[name], innerPath: prefix + ROUTES[name] });
  const below = (name: string, path: string) => ({ name, path: prefix + path, innerPath: prefix + path });
  const metadata = (path: string, innerPath: string) =>
    ({
      name: 'discovery',
      path,
      innerPath,
      ...PROGRAM,
      methods: [...READ, 'OPTIONS'],
      steps: [read, askProvider],
    }) as const;

  const endpoints: SteppedEndpoint[] = [
    {
      ...at('authorization'),
      ...BROWSER_FORM,
      methods: READ_OR_POST,
      steps: [limitRequests.authorize, read, nameResources, readDocument, redirectPosted, askProvider],
    },
    { ...below('resume', '/authorize/'), ...BROWSER, methods: READ, steps: [read, askProvider] },
    {
      ...at('token'),
      ...CLIENT,
      steps: [
        limitRequests.token,
        readFromApplication,
        nameResources,
        countClientFailures,
        refreshDocument,
        limitPolls,
        tryClientCredentials,
        askProvider,
      ],
    },
    {
      ...at('introspection'),
      ...CLIENT,
      steps: [limitRequests.introspection, readFromApplication, tryIntrospection, countClientFailures, askProvider],
    },
    {
      ...at('revocation'),
      ...CLIENT,
      steps: [limitRequests.introspection, readFromApplication, countClientFailures, askProvider],
    },
    {
      ...at('device_authorization'),
      ...CLIENT,
      steps: [
        limitRequests.device,
        readFromApplication,
        refuseRequestObjects,
        nameResources,
        countClientFailures,
        readDocument,
        askProvider,
      ],
    },
    {
      ...at('pushed_authorization_request'),
      ...CLIENT,
      steps: [
        limitRequests.authorize,
        readFromApplication,
        nameResources,
        countClientFailures,
        readDocument,
        askProvider,
      ],
    },
    {
      ...at('code_verification'),
      ...BROWSER_FORM,
      methods: READ_OR_POST,
      steps: [limitRequests['device-page'], read, limitUserCodes, askProvider],
    },
    { ...below('device_resume', '/device/'), ...BROWSER, methods: READ, steps: [read, askProvider] },
    { ...at('jwks'), ...PROGRAM, methods: [...READ, 'OPTIONS'], steps: [read, askProvider] },
    {
      ...at('userinfo'),
      ...PROGRAM,
      readers: 'applications',
      body: 'form',
      methods: [...READ_OR_POST, 'OPTIONS'],
      steps: [read, countBadTokens, askProvider],
    },
    { ...at('end_session'), ...BROWSER_FORM, methods: READ_OR_POST, steps: [read, redirectPosted, askProvider] },
    {
      ...below('end_session_confirm', '/logout/confirm'),
      ...BROWSER_FORM,
      methods: ['POST'],
      steps: [read, askProvider],
    },
    { ...below('end_session_success', '/logout/success'), ...BROWSER, methods: READ, steps: [read, askProvider] },
    // RFC 8414 §3.1 appends the path of the issuer to the well-known one; OpenID Connect Discovery §4.1 puts it in
    // front.
    metadata(`${OAUTH_METADATA}${issuer.path}`, OAUTH_METADATA),
    metadata(`${OPENID_METADATA}${issuer.path}`, OPENID_METADATA),
    metadata(`${issuer.path}${OPENID_METADATA}`, OPENID_METADATA),
  ];
  if (dynamicRegistration !== undefined) {
    const isOpen = dynamicRegistration.initialAccessToken === undefined;
    endpoints.push({
      ...at('registration'),
      ...PROGRAM,
      methods: ['POST', 'OPTIONS'],
      body: 'json',
      steps: [limitRequests.authorize, read, ...(isOpen ? [] : [countBadTokens]), askProvider],
    });
  }
  return endpoints;
}
