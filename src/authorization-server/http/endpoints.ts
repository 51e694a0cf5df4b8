import type { RecentApplications } from '../clients/recent-applications.js';
import { PlainClientCredentials } from '../fast-path/plain-client-credentials.js';
import { WarmIntrospection } from '../fast-path/warm-introspection.js';
import type { InnerDispatcher } from '../oidc/inner-dispatcher.js';
import { ROUTES } from '../oidc/routes.js';
import type { EndpointContext } from '../server-context.js';
import type { Step } from './endpoint-request.js';
import type { Endpoint } from './request/endpoint.js';
import { askProvider, tryFastPath } from './steps/answers.js';
import { countBadTokens } from './steps/bad-token-limits.js';
import { countClientFailures } from './steps/client-failure-limits.js';
import { limitPolls } from './steps/poll-limits.js';
import { redirectPosted } from './steps/posted-requests.js';
import { read, readFromApplication } from './steps/reading.js';
import { requestLimits } from './steps/request-limits.js';
import { nameResources } from './steps/resource-names.js';
import { UserCodeLimits } from './steps/user-code-limits.js';

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

/** All endpoints. Behind each list of steps, what they refuse is answered by the dispatcher. */
export function listEndpoints(
  context: EndpointContext,
  dispatcher: InnerDispatcher,
  applications: RecentApplications,
): readonly SteppedEndpoint[] {
  const { prefix, issuer, dynamicRegistration } = context.settings;
  const limit = requestLimits(context);
  const failures = countClientFailures(context);
  const badTokens = countBadTokens(context);
  const polls = limitPolls(context);
  const userCodes = new UserCodeLimits(context).step;
  const plainCredentials = tryFastPath(new PlainClientCredentials(context, applications));
  const warmIntrospection = tryFastPath(new WarmIntrospection(context, applications));
  const resources = nameResources(context);
  const posted = redirectPosted(context.pages);
  const provider = askProvider(dispatcher);

  const at = (name: keyof typeof ROUTES) => ({ name, path: prefix + ROUTES[name], innerPath: prefix + ROUTES[name] });
  const below = (name: string, path: string) => ({ name, path: prefix + path, innerPath: prefix + path });
  const metadata = (path: string, innerPath: string) =>
    ({
      name: 'discovery',
      path,
      innerPath,
      ...PROGRAM,
      methods: [...READ, 'OPTIONS'],
      steps: [read, provider],
    }) as const;

  const endpoints: SteppedEndpoint[] = [
    {
      ...at('authorization'),
      ...BROWSER_FORM,
      methods: READ_OR_POST,
      steps: [limit.authorize, read, resources, posted, provider],
    },
    { ...below('resume', '/authorize/'), ...BROWSER, methods: READ, steps: [read, provider] },
    {
      ...at('token'),
      ...CLIENT,
      steps: [limit.token, readFromApplication, resources, failures, polls, plainCredentials, provider],
    },
    {
      ...at('introspection'),
      ...CLIENT,
      steps: [limit.introspection, readFromApplication, warmIntrospection, failures, provider],
    },
    { ...at('revocation'), ...CLIENT, steps: [limit.introspection, readFromApplication, failures, provider] },
    {
      ...at('device_authorization'),
      ...CLIENT,
      steps: [limit.device, readFromApplication, resources, failures, provider],
    },
    {
      ...at('pushed_authorization_request'),
      ...CLIENT,
      steps: [limit.authorize, readFromApplication, resources, failures, provider],
    },
    {
      ...at('code_verification'),
      ...BROWSER_FORM,
      methods: READ_OR_POST,
      steps: [limit['device-page'], read, userCodes, provider],
    },
    { ...below('device_resume', '/device/'), ...BROWSER, methods: READ, steps: [read, provider] },
    { ...at('jwks'), ...PROGRAM, methods: [...READ, 'OPTIONS'], steps: [read, provider] },
    {
      ...at('userinfo'),
      ...PROGRAM,
      readers: 'applications',
      body: 'form',
      methods: [...READ_OR_POST, 'OPTIONS'],
      steps: [read, badTokens, provider],
    },
    { ...at('end_session'), ...BROWSER_FORM, methods: READ_OR_POST, steps: [read, posted, provider] },
    { ...below('end_session_confirm', '/logout/confirm'), ...BROWSER_FORM, methods: ['POST'], steps: [read, provider] },
    { ...below('end_session_success', '/logout/success'), ...BROWSER, methods: READ, steps: [read, provider] },
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
      steps: [limit.authorize, read, ...(isOpen ? [] : [badTokens]), provider],
    });
  }
  return endpoints;
}
