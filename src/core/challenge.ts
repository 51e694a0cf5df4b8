/** The parameters of a challenge, in the order in which they are written. */
export interface ChallengeParameters {
  /** The code of the error (RFC 6750 §3.1); without it the challenge only asks for credentials. */
  readonly error?: string;
  /** What it means, for developers. */
  readonly errorDescription?: string;
  /** A `scope` value (RFC 6749 §3.3). */
  readonly scope?: string;
  /** The authentication contexts that would be enough, separated by spaces (RFC 9470 §3). */
  readonly acrValues?: string;
  /** How old the authentication may be (RFC 9470 §3). */
  readonly maxAgeSeconds?: number;
  /** The URL of the metadata of the resource (RFC 9728 §5.1). */
  readonly resourceMetadata?: string;
  /** The algorithms of DPoP proofs, separated by spaces (RFC 9449 §7.1). */
  readonly algs?: string;
  /** The scheme that the error belongs to; the challenges of other schemes are bare then. */
  readonly scheme?: string | undefined;
}

/**
 * Everything outside what RFC 6750 §3 allows in `error_description`, `scope` and the like: printable ASCII without `"`
 * and `\`.
 */
const FORBIDDEN = /[^\x20-\x21\x23-\x5b\x5d-\x7e]/g;

/** A quoted-string. Its content cannot end it early or start a new header field. */
function quoted(value: string): string {
  return `"${value.replace(FORBIDDEN, '?')}"`;
}

/** A `WWW-Authenticate` challenge of one scheme (RFC 9110 §11.6.1, RFC 6750 §3). */
export function challenge(scheme: string, realm: string, parameters: ChallengeParameters = {}): string {
  let text = `${scheme} realm=${quoted(realm)}`;
  if (parameters.scheme !== undefined && parameters.scheme !== scheme) return text + algs(parameters);
  if (parameters.error !== undefined) text += `, error=${quoted(parameters.error)}`;
  if (parameters.errorDescription !== undefined) text += `, error_description=${quoted(parameters.errorDescription)}`;
  if (parameters.scope !== undefined) text += `, scope=${quoted(parameters.scope)}`;
  if (parameters.acrValues !== undefined) text += `, acr_values=${quoted(parameters.acrValues)}`;
  if (parameters.maxAgeSeconds !== undefined) text += `, max_age="${parameters.maxAgeSeconds}"`;
  if (parameters.resourceMetadata !== undefined) text += `, resource_metadata=${quoted(parameters.resourceMetadata)}`;
  return text + algs(parameters);
}

function algs(parameters: ChallengeParameters): string {
  return parameters.algs === undefined ? '' : `, algs=${quoted(parameters.algs)}`;
}
