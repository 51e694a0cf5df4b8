import type { Provider } from 'oidc-provider';
import { requireMethods } from './require-methods.js';

interface Payload {
  readonly iat: number;
  readonly exp: number;
}

/** Members of an access token that the types do not declare. */
interface IssuedModel {
  format: string | undefined;
  jti: string;
  iat: number | undefined;
  exp: number | undefined;
  getValueAndPayload(): Promise<{ value: string; payload?: Payload }>;
}

/**
 * Stores JWT access tokens as opaque ones are stored, by their SHA-256: so they can be revoked, introspected, listed and
 * cleared like these, alone or with their family, user or application, and the guards of this application know it within
 * the same bound. Other resource servers verify them by their signature.
 *
 * Patched: `getValueAndPayload` of `AccessToken.prototype` and `ClientCredentials.prototype`, which gives nothing to store
 * for a JWT.
 * Written for: oidc-provider 9.13
 * Proven by: `test/spec/rfc9068/issued.test.ts`
 */
export function storeJwtAccessTokens({ AccessToken, ClientCredentials }: Provider): void {
  for (const [name, { prototype }] of Object.entries({ AccessToken, ClientCredentials })) {
    requireMethods(prototype, `${name}.prototype`, ['getValueAndPayload']);
    const model = prototype as unknown as IssuedModel;
    const { getValueAndPayload } = model;
    model.getValueAndPayload = async function withRow(this: IssuedModel) {
      if (this.format !== 'jwt') return getValueAndPayload.call(this);
      this.format = 'opaque';
      const { payload } = await getValueAndPayload.call(this);
      // Both say the same times, also if a second ends in between.
      this.iat = payload?.iat;
      this.exp = payload?.exp;
      this.format = 'jwt';
      const { value } = await getValueAndPayload.call(this);
      // Under this identifier it is stored, and found again when it is presented.
      this.jti = value;
      return { value, ...(payload !== undefined && { payload }) };
    };
  }
}
