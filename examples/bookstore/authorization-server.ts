import { type AuthorizationServerFactory, authorizationServer } from 'routing-controllers-oauth2/authorization-server';
import { OWNER_SCOPES, scopesOf } from './scopes.js';
import { authenticateUser, type User } from './users.js';

/** The bookstore's authorization server: its users sign in with their bookstore passwords. */
export function bookstoreAuthorizationServer(options: {
  readonly issuer: string;
  readonly encryptionKeys: readonly string[];
}): AuthorizationServerFactory<User> {
  return authorizationServer<User>({
    issuer: options.issuer,
    encryptionKeys: options.encryptionKeys,
    authenticate: async (username, password) => (await authenticateUser(username, password))?.id,
    // There is no second factor here: who signs in has entered a password.
    acr: { values: ['urn:bookstore:password'], of: () => 'urn:bookstore:password' },
    // Whatever an application requests, only staff can grant `admin`.
    scopesOf,
    ownerScopes: OWNER_SCOPES,
    isStaff: (user) => user.isStaff,
    username: (user) => user.username,
    // An application with `openid` learns the user's name, in the ID token too.
    claims: {
      of: (user) => ({ preferred_username: user.username }),
      scopes: { openid: ['preferred_username'] },
      idToken: ['preferred_username'],
    },
    texts: { frame: { siteName: 'Bookstore' } },
  });
}
