import { StoredToken } from './stored-token.js';

/** An access token. */
export class AccessToken extends StoredToken {
  static override tableName = 'oauth2_access_tokens';
}
