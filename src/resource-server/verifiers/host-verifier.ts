import { after, nativePromise } from '../../core/promises.js';
import type { TokenKind } from '../../core/token-form.js';
import type { UserStore } from '../../core/users.js';
import {
  type ActiveVerification,
  activeVerification,
  EXPIRED,
  INVALID,
  isVerifiedToken,
  type Verification,
} from '../../core/verified-token.js';
import { tellingOutages } from '../../storage/host-outages.js';
import { admit } from './admission.js';
import type { ChainedVerifier, TokenVerifier } from './verifier.js';

const WHAT = 'A verifier';
const BOTH: readonly TokenKind[] = ['opaque', 'jwt'];

/** The host's own verifier in the chain. Its results are checked, because they decide about access. */
export function hostVerifier(given: TokenVerifier, users: UserStore | undefined): ChainedVerifier {
  const ask = tellingOutages(WHAT, (token: string, key: string) => nativePromise(given.verify(token, key)));
  const { accepts } = given;
  return {
    name: nameOf(given),
    isOwn: false,
    kinds: BOTH,
    exhausts: accepts === undefined ? BOTH : [],
    policy: 'host',
    // Its users may be of any kind, and its policy cannot be identified.
    isShared: false,
    accepts: accepts === undefined ? () => true : accepts.bind(given),
    verify: (token, key) => after(ask(token, key), (answer) => checked(answer, key, users)),
    close: async () => {
      await given.close?.();
    },
  };
}

function nameOf(given: TokenVerifier): string {
  const name: unknown = given.constructor?.name;
  return typeof name === 'string' && name !== '' && name !== 'Object' ? name : 'a verifier of your own';
}

/** @throws TypeError if the result is invalid: a fault of the host, which admits nobody */
function checked(
  answer: Verification,
  key: string,
  users: UserStore | undefined,
): Verification | Promise<Verification> {
  switch ((answer as Verification | undefined)?.status) {
    case 'invalid':
      return INVALID;
    case 'expired':
      return EXPIRED;
    case 'active':
      return complete(answer as ActiveVerification, key, users);
    default:
      throw new TypeError(`${WHAT} returned no status; return active, expired or invalid.`);
  }
}

function complete(
  { token, user, keepMilliseconds }: ActiveVerification,
  key: string,
  users: UserStore | undefined,
): Verification | Promise<Verification> {
  if (!isVerifiedToken(token)) throw new TypeError(`${WHAT} returned a token that was not created by verifiedToken().`);
  if (token.key !== key) throw new TypeError(`${WHAT} returned a token whose key is not the requested one.`);
  if (user === undefined || user === null) return admit(token, users, undefined, keepMilliseconds);
  return activeVerification(token, user, keepMilliseconds);
}
