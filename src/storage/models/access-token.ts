import { StoredToken } from './stored-token.js';

/**
 * An access token.
 *
 * @example
 * ```ts
 * import { createOAuth2 } from 'routing-controllers-oauth2';
 * import { AccessToken } from 'routing-controllers-oauth2/storage';
 *
 * class ShopToken extends AccessToken {
 *   static override tableName = 'shop_tokens';
 *   declare tenantId: string | null;
 * }
 *
 * export const oauth2 = createOAuth2({ database: ':memory:', models: { AccessToken: ShopToken } });
 * ```
 */
export class AccessToken extends StoredToken {
  /** The name of the table; a subclass may have its own. */
  static override tableName = 'oauth2_access_tokens';
}
