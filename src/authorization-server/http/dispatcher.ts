import type { Context } from 'koa';
import type { Provider } from 'oidc-provider';
import { sha256Key } from '../../core/digest.js';
import { TemporarilyUnavailableError, ThrottledError } from '../../core/errors.js';
import { isPromiseLike } from '../../core/promises.js';
import { countedAddress } from '../clients/client-authentications.js';
import { RecentApplications } from '../clients/recent-applications.js';
import { logFailure } from '../failure-log.js';
import { PlainClientCredentials } from '../fast-path/plain-client-credentials.js';
import { WarmIntrospection } from '../fast-path/warm-introspection.js';
import { type Dispatched, InnerDispatcher } from '../oidc/inner-dispatcher.js';
import type { Settings } from '../options/authorization-server-options.js';
import type { EndpointContext } from '../server-context.js';
import type { EndpointThrottle, ThrottleAnswer } from '../server-dependencies.js';
import { answerOptions, Cors } from './cors.js';
import { type Endpoint, type EndpointRate, Endpoints } from './endpoints.js';
import { requestPosted } from './posted-requests.js';
import { runWithToken } from './presented-tokens.js';
import { RefusalReaders } from './refusal-readers.js';
import { refusalOf } from './refusal-response.js';
import { BadRequest } from './request/bad-request.js';
import { type Parameters, parameter } from './request/parameters.js';
import { claimedClientId } from './request/presented-client.js';
import { bodyOf, type ReadRequest, readRequest } from './request/read-request.js';
import { UserCodes } from './user-codes.js';

/** The limits of endpoints, and which of the options says each. */
const THROTTLED = {
  token: 'token',
  authorize: 'authorize',
  introspection: 'introspection',
  // Each by itself, so that the devices at an address and the people there do not wait for each other.
  device: 'device',
  'device-page': 'device',
} as const;
const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** The endpoints: what a request has to pass before oidc-provider works on it. */
export class EndpointDispatcher {
  private readonly endpoints: Endpoints;
  private readonly dispatcher: InnerDispatcher;
  private readonly introspection: WarmIntrospection;
  private readonly clientCredentials: PlainClientCredentials;
  private readonly readers: RefusalReaders;
  private readonly throttles: Readonly<Record<EndpointRate, EndpointThrottle>>;
  private readonly userCodes: UserCodes;
  private readonly polls: EndpointThrottle | undefined;

  constructor(
    private readonly context: EndpointContext,
    provider: () => Promise<Provider>,
  ) {
    const { settings, dependencies } = context;
    const { issuer, prefix, rates, devicePollingSeconds, dynamicRegistration } = settings;
    this.endpoints = new Endpoints(prefix, issuer, registrationOf(dynamicRegistration));
    this.dispatcher = new InnerDispatcher(context, provider);
    const applications = new RecentApplications(context.findApplication, dependencies.clock);
    this.readers = new RefusalReaders(settings.issuer, applications);
    this.introspection = new WarmIntrospection(context, applications);
    this.clientCredentials = new PlainClientCredentials(context, applications);
    this.userCodes = new UserCodes(context);
    this.throttles = Object.fromEntries(
      Object.entries(THROTTLED).map(([name, option]) => [name, dependencies.throttle(name, rates[option])]),
    ) as typeof this.throttles;
    // A second shorter than what devices are told, so that none is refused for a clock that runs a little fast.
    const pollWindowSeconds = Math.max(1, devicePollingSeconds - 1);
    if (devicePollingSeconds > 0) this.polls = dependencies.throttle('device-polling', `1/${pollWindowSeconds}s`);
  }

  /** The endpoint at a path, if there is one. */
  endpointAt(path: string): Endpoint | undefined {
    return this.endpoints.find(path);
  }

  /** What answers a request to a path at which an authorization request goes on; `undefined` for other paths. */
  resumeAt(path: string): ((outer: Context) => Promise<void>) | undefined {
    const endpoint = this.endpoints.find(path);
    const isResume = endpoint?.name === 'resume' || endpoint?.name === 'device_resume';
    return isResume ? (outer) => this.handle(outer, endpoint) : undefined;
  }

  /** Answers a request to an endpoint. */
  async handle(outer: Context, endpoint: Endpoint): Promise<void> {
    const cors = Cors.begin(outer, endpoint);
    // Before every throttle: a preflight is the browser's own question, and is answered without looking anything up.
    if (outer.method === 'OPTIONS' && endpoint.methods.includes('OPTIONS')) return answerOptions(outer, endpoint, cors);
    let read: ReadRequest | undefined;
    try {
      if (endpoint.rate !== undefined) {
        const counted = this.throttles[endpoint.rate](this.countedAs(outer, endpoint));
        admit(outer, isPromiseLike(counted) ? await counted : counted);
      }
      const body = bodyOf(outer, endpoint);
      read = readRequest(outer, endpoint, typeof body === 'string' ? body : await body);
      const warm = this.warmAnswer(outer, endpoint, read);
      const answer = isPromiseLike(warm) ? await warm : warm;
      if (answer !== undefined) answerWith(outer, answer);
      else await this.run(outer, endpoint, read);
    } catch (error) {
      await this.refuse(outer, endpoint, error);
      if (cors?.origin !== undefined && (await this.readers.mayRead(outer, cors.origin, read, error))) cors.allow();
    }
    cors?.finish();
  }

  private async run(outer: Context, endpoint: Endpoint, read: ReadRequest): Promise<void> {
    const dispatch = () => this.dispatcher.run(outer, endpoint, read);
    if (endpoint.takesTokens) return runWithToken(this.context, outer, read.parameters, dispatch);
    if (outer.method === 'POST') {
      if (endpoint.authenticatesClients) return this.runAuthenticated(outer, endpoint, read);
      if (endpoint.postsAsGet) return this.runPosted(outer, endpoint, read);
      const userCode = endpoint.name === 'code_verification' ? parameter(read.parameters, 'user_code') : undefined;
      if (userCode !== undefined) return this.userCodes.enter(outer, userCode, dispatch);
    }
    await dispatch();
  }

  private async runPosted(outer: Context, endpoint: Endpoint, read: ReadRequest): Promise<void> {
    const request = await requestPosted(outer, endpoint, read, this.context.pages);
    if (request !== undefined) await this.dispatcher.run(outer, endpoint, request);
  }

  private warmAnswer(outer: Context, { name }: Endpoint, { parameters }: ReadRequest) {
    // A request from a page has CORS rules of its own, which oidc-provider knows.
    if (name !== 'introspection' || outer.method !== 'POST' || (outer.req.headers.origin ?? '') !== '')
      return undefined;
    return this.introspection.answer(outer, parameters);
  }

  /** Client authentication has budgets of failures (RFC 6749 §2.3.1). */
  private async runAuthenticated(outer: Context, endpoint: Endpoint, read: ReadRequest): Promise<void> {
    const begun = this.context.clientAuthentications.begin(outer, read.parameters);
    const authentication = isPromiseLike(begun) ? await begun : begun;
    const { refused } = authentication;
    if (refused !== undefined) throw new ThrottledError(refused.retryAfterSeconds);
    let outcome: 'right' | 'wrong' | undefined;
    try {
      if (parameter(read.parameters, 'grant_type') === DEVICE_CODE_GRANT) await this.countPoll(read.parameters);
      const plain = endpoint.name === 'token' ? await this.clientCredentials.answer(outer, read.parameters) : undefined;
      outcome = plain === undefined ? outcomeOf(await this.dispatcher.run(outer, endpoint, read)) : 'right';
      if (plain !== undefined) answerWith(outer, JSON.stringify(plain));
    } finally {
      authentication.end(outcome);
    }
    if (outcome === 'wrong') this.tellRefused(outer, endpoint, claimedClientId(outer, read.parameters));
  }

  private tellRefused(outer: Context, endpoint: Endpoint, clientId: string | undefined): void {
    const { settings, dependencies } = this.context;
    // RFC 9110 §15.5.2: a 401 has a challenge, also where the secret came in the body.
    if (outer.status === 401 && !outer.res.hasHeader('WWW-Authenticate')) {
      outer.set('WWW-Authenticate', `Basic realm="${settings.issuer.identifier}"`);
    }
    dependencies.events.emit('client.refused', {
      clientId,
      address: dependencies.address(outer),
      endpoint: endpoint.name,
    });
  }

  /**
   * What the limits of endpoints count a request under: its address, or apart from it what a page of another origin has
   * sent from there without a user who goes there. An application leads its users to the pages; as an image or by a
   * script nobody needs them.
   */
  private countedAs(outer: Context, { caller, name }: Endpoint): string {
    const { settings, dependencies } = this.context;
    const address = dependencies.address(outer);
    const mode = outer.req.headers['sec-fetch-mode'] ?? 'navigate';
    // A user code comes in a form of ours, never in another's.
    const isForm = name === 'code_verification' && outer.method === 'POST';
    if (caller === 'browser' && mode === 'navigate' && !isForm) return address;
    return countedAddress(outer, address, settings.issuer.origin);
  }

  /** RFC 8628 §3.5: a device that asks too often is told to slow down. */
  private async countPoll(parameters: Parameters): Promise<void> {
    const deviceCode = parameter(parameters, 'device_code');
    if (this.polls === undefined || deviceCode === undefined) return;
    const { allowed, unavailable } = await this.polls(sha256Key(deviceCode));
    if (!allowed && !unavailable) throw new BadRequest('the device asks too often', 'slow_down');
  }

  /** Answers what was refused before oidc-provider saw it, or what failed around it. */
  private async refuse(outer: Context, endpoint: Endpoint, thrown: unknown): Promise<void> {
    const { status, error, description, headers, isFailure } = refusalOf(thrown);
    if (isFailure) logFailure(this.context, endpoint.name, thrown);
    outer.set({ ...headers, 'Cache-Control': 'no-store' });
    outer.status = status;
    if (endpoint.caller === 'program') {
      outer.body = { error, error_description: description };
      return;
    }
    await this.context.pages.error(outer, { error, description });
    outer.status = status;
  }
}

function registrationOf(options: Settings['dynamicRegistration']): 'open' | 'by token' | undefined {
  if (options === undefined) return undefined;
  return options.initialAccessToken === undefined ? 'open' : 'by token';
}

/** @throws ThrottledError, TemporarilyUnavailableError */
function admit({ res }: Context, { allowed, unavailable, retryAfterSeconds, fields }: ThrottleAnswer): void {
  for (const name in fields) res.setHeader(name, fields[name] as string);
  if (unavailable) throw new TemporarilyUnavailableError({ retryAfterSeconds });
  if (!allowed) throw new ThrottledError(retryAfterSeconds);
}

/** With JSON as text, since Koa takes some trouble to find out what an object is. */
function answerWith(outer: Context, json: string): void {
  outer.res.setHeader('content-type', 'application/json; charset=utf-8');
  outer.res.setHeader('cache-control', 'no-store');
  outer.body = json;
}

/** How the authentication of the application ended; `undefined` if it did not come to that. */
function outcomeOf({ inner: { body, status }, state }: Dispatched): 'right' | 'wrong' | undefined {
  if (isInvalidClient(body)) return 'wrong';
  return status < 300 || state.secretIsRight === true ? 'right' : undefined;
}

function isInvalidClient(body: unknown): boolean {
  return typeof body === 'object' && body !== null && (body as { error?: unknown }).error === 'invalid_client';
}
