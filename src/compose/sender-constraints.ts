import type { Clock } from '../core/clock.js';
import { refuseOption } from '../core/options/index.js';
import type { OAuth2Options } from '../options.js';
import { RedisReplays } from '../resource-server/cache/redis-replays.js';
import { ClientCertificates } from '../resource-server/client-certificates.js';
import { type DPoPSettings, readDPoPOptions } from '../resource-server/dpop/dpop-options.js';
import { Nonces } from '../resource-server/dpop/nonces.js';
import { ProofChecker } from '../resource-server/dpop/proof.js';
import { LocalReplays, type Replays } from '../resource-server/dpop/replays.js';
import { TargetUri } from '../resource-server/dpop/target-uri.js';
import { isJoseInstalled } from '../resource-server/jose.js';
import type { Basis } from './basis.js';
import type { Opened } from './opened.js';

/** The checks that a token is presented by the client to which it was issued. */
export interface SenderConstraints {
  readonly dpop:
    | {
        readonly proofs: ProofChecker;
        readonly algorithms: readonly string[];
        /** Set if nonces are required. */
        readonly nonces: Nonces | undefined;
      }
    | undefined;
  readonly certificates: ClientCertificates | undefined;
  /** Resolves when the store of used proofs is connected, or its first attempt has failed. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

/**
 * @throws ConfigurationError if DPoP is requested but the URL of this application is unknown, or jose is not installed
 */
export function composeSenderConstraints(
  options: OAuth2Options,
  basis: Basis,
  clock: Clock,
  opened: Opened,
): SenderConstraints {
  const { clientCertificates, trustedProxies } = options;
  const settings = dpopSettings(options, basis);
  const replays = settings === undefined ? undefined : replaysOf(options, settings, basis);
  opened.add(async () => replays?.close?.());
  const given = clientCertificates === true ? {} : clientCertificates;
  return {
    dpop: settings && replays && dpop(options, settings, replays, clock),
    certificates: given ? new ClientCertificates(given, trustedProxies, basis.log) : undefined,
    ready: async () => replays?.ready?.(),
    close: async () => replays?.close?.(),
  };
}

/** DPoP is on if it is requested, and also if an authorization server of this application issues key-bound tokens. */
function dpopSettings(
  { dpop: given, authorizationServer }: OAuth2Options,
  { logger }: Basis,
): DPoPSettings | undefined {
  if (given === false) return undefined;
  if (given !== undefined) return readDPoPOptions('dpop', given === true ? {} : given);
  if (authorizationServer === undefined) return undefined;
  if (isJoseInstalled()) return readDPoPOptions('dpop', {});
  logger.info(
    'Access tokens that are bound to a key (DPoP) are refused, as the package jose is not installed: npm install jose, or set dpop: false.',
  );
  return undefined;
}

function dpop(
  options: OAuth2Options,
  settings: DPoPSettings,
  replays: Replays,
  clock: Clock,
): SenderConstraints['dpop'] {
  const { algorithms, nonceKeys } = settings;
  const nonces = nonceKeys === undefined ? undefined : new Nonces(nonceKeys, clock);
  const targetUri = new TargetUri(publicUrlOf(options, settings));
  return { algorithms, nonces, proofs: new ProofChecker({ rules: settings, targetUri, replays, nonces, clock }) };
}

function publicUrlOf(
  { resource, authorizationServer, dpop: given }: OAuth2Options,
  { publicUrl }: DPoPSettings,
): string {
  if (publicUrl !== undefined) return publicUrl;
  const known = resource !== undefined && /^https?:/i.test(resource) ? resource : authorizationServer?.issuer;
  if (known !== undefined) return new URL(known).origin;
  return refuseOption(
    'dpop',
    given,
    "name the URL of this application: dpop: { publicUrl: 'https://api.example.com' }",
  );
}

function replaysOf(
  { redis }: OAuth2Options,
  settings: DPoPSettings,
  { clock, log, keyPrefix }: Basis,
): Replays & { ready?(): Promise<void> } {
  const { maxAgeSeconds, clockToleranceSeconds, whenRedisFails } = settings;
  const local = new LocalReplays(clock, (maxAgeSeconds + clockToleranceSeconds + 1) * 1000);
  if (redis === undefined) return local;
  return new RedisReplays({
    redis,
    keyPrefix: `${keyPrefix}dpop:`,
    clock,
    log,
    local: whenRedisFails === 'process' ? local : undefined,
  });
}
