import type * as OAuth from 'oauth4webapi';
import type { ClientCredential } from './introspection-options.js';

/** The client authentication for oauth4webapi. Basic credentials are form-encoded first (RFC 6749 §2.3.1). */
export async function clientAuthentication(
  oauth: typeof OAuth,
  credential: ClientCredential,
): Promise<OAuth.ClientAuth> {
  switch (credential.method) {
    case 'client_secret_basic':
      return oauth.ClientSecretBasic(credential.secret);
    case 'client_secret_post':
      return oauth.ClientSecretPost(credential.secret);
    case 'private_key_jwt': {
      const { algorithm, imported } = credential.key;
      const key = await imported();
      return oauth.PrivateKeyJwt(credential.keyId === undefined ? key : { key, kid: credential.keyId }, {
        [oauth.modifyAssertion]: (header) => {
          // Older servers know Ed25519 only by its older name (RFC 9864 §2.2).
          header.alg = algorithm;
        },
      });
    }
  }
}
