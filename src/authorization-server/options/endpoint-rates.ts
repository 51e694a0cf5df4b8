import { knownOptions } from '../../core/options/index.js';
import { parseRate } from '../../core/rate.js';
import { pathOf } from './option-checks.js';

/** The limits of the endpoints, by address unless stated otherwise, e.g. `'60/m'`; `null` is no limit. */
export interface EndpointRates {
  /** Default `1200/m`. */
  readonly token?: string | null | undefined;
  /** The authorization endpoint and pushed requests to it. Default `300/m`. */
  readonly authorize?: string | null | undefined;
  /** Applications that a user registers and secrets that a user replaces on the pages, by user. Default `30/h`. */
  readonly registration?: string | null | undefined;
  /** The device authorization endpoint, and the page for entering user codes, counted separately. Default `60/m`. */
  readonly device?: string | null | undefined;
  /** Wrong user codes of devices, by user, or by address if nobody is signed in. Default `10/10m`. */
  readonly userCodes?: string | null | undefined;
  /**
   * Wrong user codes of all callers together. Beyond this limit only signed-in users can enter codes, and users who
   * have just entered a wrong one must wait; nobody else must. Default `300/10m`.
   */
  readonly allUserCodes?: string | null | undefined;
  /** Introspection and revocation. Default `6000/m`. */
  readonly introspection?: string | null | undefined;
  /**
   * Wrong passwords, by user name and address, or in a browser in which the user has signed in before. Default `10/m`.
   * All failures at an address also count as failed authentications.
   */
  readonly signIn?: string | null | undefined;
  /** Wrong passwords by user name, from all addresses and unknown browsers together. Default `100/m`. */
  readonly signInByName?: string | null | undefined;
  /**
   * Client id metadata documents that are read for the first time, by the address that names them. Those that are read
   * again count apart by the same rate. Default `30/m`.
   */
  readonly metadataDocuments?: string | null | undefined;
  /** New ones by the host of the document, so that nobody is flooded through this server. Default `60/m`. */
  readonly metadataDocumentsOfHost?: string | null | undefined;
}

const DEFAULT_RATES: Required<EndpointRates> = {
  token: '1200/m',
  authorize: '300/m',
  device: '60/m',
  introspection: '6000/m',
  registration: '30/h',
  userCodes: '10/10m',
  allUserCodes: '300/10m',
  signIn: '10/m',
  signInByName: '100/m',
  metadataDocuments: '30/m',
  metadataDocumentsOfHost: '60/m',
};

/** @throws ConfigurationError naming the option, its value and the fix */
export function readRates(given: unknown): Required<EndpointRates> {
  const names = Object.keys(DEFAULT_RATES) as (keyof EndpointRates)[];
  const rates = knownOptions<EndpointRates>(pathOf('throttling'), given, names);
  for (const [name, rate] of Object.entries(rates)) {
    if (rate !== undefined) parseRate(rate, pathOf(`throttling.${name}`));
  }
  return { ...DEFAULT_RATES, ...Object.fromEntries(Object.entries(rates).filter(([, rate]) => rate !== undefined)) };
}
