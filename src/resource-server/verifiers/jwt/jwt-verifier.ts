import { TemporarilyUnavailableError } from '../../../core/errors.js';
import type { TokenForm } from '../../../core/token-form.js';
import { EXPIRED, INVALID, type TokenDetails, type Verification } from '../../../core/verified-token.js';
import { admit } from '../admission.js';
import type { ChainedVerifier, VerifierDependencies } from '../verifier.js';
import { type AccessTokenClaims, type ClaimRules, judgeClaims } from './access-token-claims.js';
import { type HeaderRules, jsonObjectOf, readHeader, type UnverifiedHeader } from './jwt-header.js';
import type { JwtTokensSettings } from './jwt-options.js';
import type { KeySource } from './key-source.js';
import type { SignatureAnswer, Signatures } from './signatures.js';

/** What a verifier of JWTs depends on. */
export interface JwtVerifierDependencies extends Pick<VerifierDependencies, 'clock' | 'log' | 'users' | 'observation'> {
  readonly settings: JwtTokensSettings;
  /** The identifiers of this resource. */
  readonly audience: ReadonlySet<string>;
  readonly keys: KeySource<Signatures>;
}

/**
 * Verifies JWT access tokens (RFC 9068) of one issuer by their signature and claims. Nothing is requested for a token,
 * except the issuer's keys if its key is unknown.
 */
export class JwtVerifier implements ChainedVerifier {
  readonly name = 'jwtTokens()';
  readonly isOwn = false;
  readonly kinds = ['jwt'] as const;
  readonly exhausts = [];
  /** Verifying costs about as much as a request to Redis, and needs no network. */
  readonly isShared = false;
  readonly issuer: string;
  readonly policy: string;
  private readonly header: HeaderRules;
  private readonly rules: ClaimRules;
  /** Nobody can revoke a token, but its issuer can take away the key that signed it; keys of the options stay. */
  private readonly keepMilliseconds: number;

  constructor(private readonly dependencies: JwtVerifierDependencies) {
    const { settings, audience } = dependencies;
    this.issuer = settings.issuer;
    const algorithms = new Set<string>(settings.algorithms);
    const { typ, maximumTokenLength } = settings;
    this.header = { algorithms, typ, maximumTokenLength };
    this.rules = { ...settings, audience };
    this.keepMilliseconds = settings.keys === undefined ? settings.keysReloadSeconds * 1000 : Number.POSITIVE_INFINITY;
    this.policy = `jwt ${JSON.stringify([settings.issuer, [...audience], [...algorithms], typ, settings.scopeClaims])}`;
  }

  accepts(form: TokenForm): boolean {
    return form.kind === 'jwt' && form.issuer === this.issuer;
  }

  async verify(token: string, key: string): Promise<Verification> {
    const header = readHeader(token, this.header);
    if (header === undefined) return INVALID;
    const payload = await this.verifiedPayload(token, header);
    const claims = typeof payload === 'string' ? undefined : jsonObjectOf(payload);
    if (claims === undefined) return INVALID;
    this.tellKey(header);
    const { clock, users, settings } = this.dependencies;
    const now = clock.nowMilliseconds();
    const judgement = judgeClaims(claims, this.rules, now);
    if (judgement.status === 'expired') return EXPIRED;
    if (judgement.status === 'invalid') {
      this.tell(judgement.reason);
      return INVALID;
    }
    const details = this.detailsOf(judgement.claims, claims, key);
    return admit(details, users, settings.user, Math.min(details.expiresAtMilliseconds - now, this.keepMilliseconds));
  }

  downReason(): string | undefined {
    const { keys } = this.dependencies;
    return keys.current() === undefined ? `the keys of ${this.issuer} cannot be fetched` : undefined;
  }

  ready(): Promise<void> {
    return this.dependencies.keys.ready();
  }

  async close(): Promise<void> {
    this.dependencies.keys.close();
  }

  /** @throws TemporarilyUnavailableError if the issuer may have the key but cannot be reached now */
  private async verifiedPayload(token: string, header: UnverifiedHeader): Promise<SignatureAnswer> {
    const { keys } = this.dependencies;
    const held = keys.current();
    const answer = (await held?.verify(token, header)) ?? 'unknown key';
    if (answer !== 'unknown key') return answer;
    await keys.refresh();
    const now = keys.current();
    const again = now === undefined || now === held ? 'unknown key' : await now.verify(token, header);
    if (again !== 'unknown key' || (now !== undefined && !keys.isDown)) return again;
    throw new TemporarilyUnavailableError({
      part: `keys of ${this.issuer}`,
      detail: `the keys of ${this.issuer} cannot be fetched`,
      retryAfterSeconds: keys.retryAfterSeconds,
    });
  }

  private detailsOf(claims: AccessTokenClaims, all: Readonly<Record<string, unknown>>, key: string): TokenDetails {
    const { isApplication } = this.dependencies.settings;
    // RFC 9068 §2.2, §5: without a resource owner, `sub` is the client.
    const isAlone = isApplication === undefined ? claims.subject === claims.clientId : isApplication(all) === true;
    return {
      key,
      issuer: this.issuer,
      subject: isAlone ? undefined : claims.subject,
      clientId: claims.clientId,
      scopes: claims.scopes,
      audience: claims.audience,
      issuedAtMilliseconds: claims.issuedAtSeconds * 1000,
      expiresAtMilliseconds: claims.expiresAtSeconds * 1000,
      acr: claims.acr,
      amr: claims.amr,
      authenticatedAtMilliseconds: claims.authTimeSeconds === undefined ? undefined : claims.authTimeSeconds * 1000,
      confirmation: claims.confirmation,
      claims: all,
    };
  }

  private tellKey({ kid, alg }: UnverifiedHeader): void {
    this.dependencies.observation.events.tell('key.used', () => ({
      purpose: 'verify',
      issuer: this.issuer,
      kid,
      algorithm: alg,
    }));
  }

  /** The issuer has signed it, so this is probably not an attack, but two configurations that do not match. */
  private tell(reason: string): void {
    const { log } = this.dependencies;
    log.info(`jwt ${this.issuer} ${reason}`, `A token of ${this.issuer} was refused: ${reason}.`);
  }
}
