import { parseScope } from '../../../core/scopes.js';
import {
  type Application,
  allowedGrantTypes,
  allowedScopes,
  type RegistrationLimits,
  registrarOf,
} from '../../../storage/index.js';

/** The scopes that pages show of an application: those that it may be given now; `undefined`: any. */
export function shownScopes(application: Application, limits: RegistrationLimits): readonly string[] | undefined {
  // Of the host's what is stored: no list of the host's needs to name `openid`.
  if (registrarOf(application) !== 'host') return allowedScopes(application, limits);
  return application.scope === null ? undefined : parseScope(application.scope);
}

/** The grant types likewise. */
export function shownGrantTypes(application: Application, limits: RegistrationLimits): readonly string[] {
  return allowedGrantTypes(application, limits);
}
