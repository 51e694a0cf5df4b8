import type { UserStore } from '../../core/users.js';
import { userStoreTellingOutages } from '../../storage/host-outages.js';
import { allowedScopes } from '../../storage/index.js';
import type { ScopeBounds } from '../authorization-server-factory.js';
import type { Settings } from '../options/authorization-server-options.js';
import { UserScopes } from './user-scopes.js';

/** The limits for scopes that follow from the options alone, whoever issues the token. */
export function scopeBounds({ options, limits }: Settings, users: UserStore | undefined): ScopeBounds {
  const userScopes = new UserScopes(options, users && userStoreTellingOutages(users));
  return {
    allowedScopes: (application) => allowedScopes(application, limits),
    grantableScopes: (userId, application, scopes) => userScopes.grantable(userId, application, scopes),
  };
}
