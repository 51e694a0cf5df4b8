import type { Context } from 'koa';
import { LRUCache } from 'lru-cache';
import { documentUrlProblem } from '../../../core/document-url.js';
import { ConfigurationError, OAuth2Error, TemporarilyUnavailableError, ThrottledError } from '../../../core/errors.js';
import { type Application, registrarOf } from '../../../storage/index.js';
import { BadRequest } from '../../http/request/bad-request.js';
import { countedAddress } from '../../http/request/counted-address.js';
import type { Settings } from '../../options/authorization-server-options.js';
import type { AuthorizationServerDependencies, EndpointThrottle, ThrottleAnswer } from '../../server-dependencies.js';
import { hostAddresses, insideAddresses } from '../host-addresses.js';
import { type Fetch, MAXIMUM_METADATA_BYTES, networkFetch } from '../outbound-fetch.js';
import { documentedApplication, InvalidDocument } from './document-metadata.js';
import { isDocumentType, lifetimeSeconds, MOST_LIFETIME_SECONDS } from './document-response.js';
import { ReadingSlots, type Wanted } from './reading-slots.js';

/** How long a document that could not be used is not read again, in milliseconds. */
const REFUSED_MILLISECONDS = 30_000;
const MAXIMUM_REFUSALS = 1_000;
/** A read takes no longer. */
const BUSY_RETRY_SECONDS = 3;
/**
 * How long after its lifetime what a document said still holds where this server's own limits keep it from being read,
 * in milliseconds: strangers may have reached them.
 */
const LIMITED_MILLISECONDS = 3_600_000;
/** The same where an application only goes on with something, whatever keeps the document from being read. */
const OUTDATED_MILLISECONDS = 7 * 86_400_000;

/**
 * Reads client id metadata documents (draft-ietf-oauth-client-id-metadata-document), and stores what they say as
 * applications. Everything else works on the stored application.
 *
 * A document is read when its application begins something and it was not read before, or what it said has expired. A
 * stranger can name any URL, so reading is bounded: by the address of the caller, for new applications also by the host
 * of the document, for all by how many are read at a time, and a failure is remembered for a while. A stranger can also
 * have made many documents known, so a known application does not depend on what others use up: it goes on for a while.
 */
export class MetadataDocuments {
  private readonly fetch: Fetch;
  private readonly byAddress: EndpointThrottle;
  private readonly byHost: EndpointThrottle;
  private readonly reading = new Map<string, Promise<void>>();
  private readonly slots = new ReadingSlots();
  private readonly refusals = new LRUCache<string, { readonly error: BadRequest; readonly untilMilliseconds: number }>({
    max: MAXIMUM_REFUSALS,
  });

  constructor(
    private readonly settings: Settings,
    private readonly options: NonNullable<Settings['clientMetadataDocuments']>,
    private readonly dependencies: AuthorizationServerDependencies,
  ) {
    const { rates } = settings;
    this.byAddress = dependencies.throttle('metadataDocuments', rates.metadataDocuments);
    this.byHost = dependencies.throttle('metadataDocumentsOfHost', rates.metadataDocumentsOfHost);
    const { ca, admitsAddress: isAllowed, areInside } = options;
    const resolve = areInside ? insideAddresses : hostAddresses;
    this.fetch = networkFetch({ isAllowed, ca, resolve, maximumBytes: MAXIMUM_METADATA_BYTES });
  }

  /**
   * Sees to it that the application of a URL is stored as its document says. Does nothing for identifiers of other
   * applications, and for an application that is disabled.
   *
   * @param mayBeOutdated whether a stored application is used for a week if its document cannot be read
   * @throws BadRequest with `invalid_client` if the document does not describe an application of this server
   * @throws ThrottledError if too many documents were named; of a known one an hour after its lifetime
   * @throws TemporarilyUnavailableError if too many are being read or the throttle is unavailable, likewise; or if the
   *   database is unavailable
   */
  async provide(outer: Context, clientId: string, mayBeOutdated: boolean): Promise<void> {
    const stored = await this.dependencies.applications.findByClientId(clientId);
    if (stored !== undefined && (registrarOf(stored) !== 'document' || stored.isDisabled())) return;
    const problem = documentUrlProblem(clientId);
    if (problem !== undefined) throw refusal(`client_id is not the URL of a metadata document: ${problem}`);
    const { host, hostname } = new URL(clientId);
    if (!this.options.admitsHost(host)) throw refusal('metadata documents of this host are not accepted');
    if (stored !== undefined && this.isFresh(stored)) return;
    try {
      await this.renew(outer, clientId, hostname, stored === undefined ? 'new' : 'known');
    } catch (error) {
      const answer = error instanceof LimitReached ? error.answer : error;
      const until = stored?.metadataExpiresAtMilliseconds ?? 0;
      const now = this.dependencies.clock.nowMilliseconds();
      // As above, a clock that was ahead gives nothing.
      if (until > now || now >= until + usableMilliseconds(error, mayBeOutdated)) throw answer;
    }
  }

  private isFresh({ metadataExpiresAtMilliseconds: until }: Application): boolean {
    const now = this.dependencies.clock.nowMilliseconds();
    // A clock that was ahead must not make it valid for ever.
    return typeof until === 'number' && now < until && until <= now + MOST_LIFETIME_SECONDS * 1000;
  }

  private async renew(outer: Context, clientId: string, hostname: string, wanted: Wanted): Promise<void> {
    const refused = this.refusals.get(clientId);
    if (refused !== undefined && this.dependencies.clock.monotonicMilliseconds() < refused.untilMilliseconds) {
      throw refused.error;
    }
    if (!this.reading.has(clientId)) await this.count(outer, hostname, wanted);
    await (this.reading.get(clientId) ?? this.begin(clientId, hostname, wanted));
  }

  /** @throws LimitReached */
  private async count(outer: Context, hostname: string, wanted: Wanted): Promise<void> {
    const { dependencies, settings } = this;
    const address = countedAddress(outer, dependencies.address(outer), settings.issuer.origin);
    // Apart from each other, so that neither uses up the other. Known ones do not count by host: others may be there too.
    if (wanted === 'known') return admit(await this.byAddress(`known:${address}`));
    admit(await this.byAddress(address));
    admit(await this.byHost(`host:${hostname}`));
  }

  /** @throws LimitReached */
  private begin(clientId: string, hostname: string, wanted: Wanted): Promise<void> {
    if (!this.slots.take(hostname, wanted)) {
      throw new LimitReached(new TemporarilyUnavailableError({ retryAfterSeconds: BUSY_RETRY_SECONDS }));
    }
    const reading = this.read(clientId).finally(() => {
      this.slots.giveBack(hostname, wanted);
      this.reading.delete(clientId);
    });
    this.reading.set(clientId, reading);
    return reading;
  }

  private async read(clientId: string): Promise<void> {
    const { clock, applications } = this.dependencies;
    try {
      const response = await this.fetch(clientId).catch(() => {
        throw refusal('the metadata document could not be read');
      });
      if (!isDocumentType(response.headers.get('content-type'))) {
        throw refusal('the metadata document has another type than application/json');
      }
      const application = documentedApplication(clientId, await response.text(), this.bounds());
      const seconds = lifetimeSeconds(response.headers.get('cache-control'));
      const stored = await applications.storeDocumented(application, clock.nowMilliseconds() + seconds * 1000);
      if (stored === undefined) throw refusal('the identifier belongs to another application');
      this.refusals.delete(clientId);
    } catch (error) {
      const known = explained(error);
      if (known instanceof BadRequest) {
        const untilMilliseconds = clock.monotonicMilliseconds() + REFUSED_MILLISECONDS;
        this.refusals.set(clientId, { error: known, untilMilliseconds });
      }
      throw known;
    }
  }

  private bounds() {
    const { limits, redirectUriSchemes } = this.settings;
    return { limit: limits.document, allScopes: this.options.allScopes, rules: { redirectUriSchemes } };
  }
}

/** A limit of this server keeps a document from being read; that says nothing about the document. */
class LimitReached extends Error {
  constructor(readonly answer: ThrottledError | TemporarilyUnavailableError) {
    super(answer.message);
  }
}

/** @throws LimitReached */
function admit({ allowed, unavailable, retryAfterSeconds }: ThrottleAnswer): void {
  if (unavailable) throw new LimitReached(new TemporarilyUnavailableError({ retryAfterSeconds }));
  if (!allowed) throw new LimitReached(new ThrottledError(retryAfterSeconds));
}

/** For how long after its lifetime a known document holds although it could not be read, because of an error. */
function usableMilliseconds(error: unknown, mayBeOutdated: boolean): number {
  const isLimit = error instanceof LimitReached;
  // Whoever uses up the limit of an address must not keep the keys of a document in force for as long there.
  if (isLimit && (!mayBeOutdated || error.answer instanceof ThrottledError)) return LIMITED_MILLISECONDS;
  const isAnswer = isLimit || error instanceof BadRequest || error instanceof OAuth2Error;
  return mayBeOutdated && isAnswer ? OUTDATED_MILLISECONDS : 0;
}

function explained(error: unknown): unknown {
  if (error instanceof InvalidDocument) return refusal(`the metadata document: ${error.message}`);
  // A table of the host's may take for equal what differs.
  return error instanceof ConfigurationError ? refusal('the identifier belongs to another application') : error;
}

function refusal(description: string): BadRequest {
  return new BadRequest(description, 'invalid_client');
}
