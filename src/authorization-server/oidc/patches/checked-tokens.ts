import type { Provider } from 'oidc-provider';
import type { OpaqueTokens } from '../../../core/opaque-tokens/index.js';
import { requireMethods } from './require-methods.js';

/** Members of a token that the types do not declare. */
interface IssuedModel {
  readonly format: string | undefined;
  generateTokenId(): string;
}

/**
 * Gives access and refresh tokens their prefix and their check characters, by which forged ones are recognized without a
 * look-up.
 *
 * Patched: `generateTokenId` of `AccessToken.prototype`, `ClientCredentials.prototype` and `RefreshToken.prototype`, which
 * gives 43 random characters, and chooses the format of access tokens on the way.
 * Written for: oidc-provider 9.13
 * Proven by: `test/spec/opaque-tokens/issued.test.ts`
 */
export function checkTokens(
  { AccessToken, ClientCredentials, RefreshToken }: Provider,
  opaqueTokens: Pick<OpaqueTokens, 'token'>,
): void {
  for (const [name, { prototype }] of Object.entries({ AccessToken, ClientCredentials, RefreshToken })) {
    requireMethods(prototype, `${name}.prototype`, ['generateTokenId']);
    const model = prototype as unknown as IssuedModel;
    const { generateTokenId } = model;
    model.generateTokenId = function checked(this: IssuedModel) {
      const body = generateTokenId.call(this);
      // The identifier of a JWT is none of its credentials.
      return this.format === 'jwt' ? body : opaqueTokens.token(body);
    };
  }
}
