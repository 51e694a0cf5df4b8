import { parseScope } from '../../../core/scopes.js';
import {
  type Application,
  allowedGrantTypes,
  allowedScopes,
  type RegistrationLimits,
  registrarOf,
} from '../../../storage/index.js';

/** The scopes of an application that pages show: those that it may have now; `undefined`: all. */
export function shownScopes(application: Application, limits: RegistrationLimits): readonly string[] | undefined {
  // Applications of the host show what is stored: the host's lists need not contain `openid`.
  if (registrarOf(application) !== 'host') return allowedScopes(application, limits);
  return application.scope === null ? undefined : parseScope(application.scope);
}

/** The grant types of an application that pages show. */
export function shownGrantTypes(application: Application, limits: RegistrationLimits): readonly string[] {
  return allowedGrantTypes(application, limits);
}
