import { IDENTITY_SCOPES, parseScope } from '../../core/scopes.js';
import { type Registered, type Registrar, registrarOf } from './registrar.js';

/** What applications may have that one kind of registrar has registered. */
export interface RegistrationLimit {
  readonly scopes: readonly string[];
  readonly grantTypes: readonly string[];
}

/** The limits of applications that users, or applications themselves, have registered. The host's have none. */
export type RegistrationLimits = Readonly<Record<Exclude<Registrar, 'host'>, RegistrationLimit>>;

/** What of an application decides what it may have. */
export interface LimitedApplication extends Registered {
  readonly scope: string | null;
  readonly grantTypes: string;
  readonly approvedScope?: string | null | undefined;
  readonly approvedGrantTypes?: string | null | undefined;
}

/**
 * The scopes that an application may be given now; `undefined`: any that there is. What is stored counts only as far as
 * the limits, or staff, allow it: so that an application loses what it registered under other limits.
 */
export function allowedScopes(
  application: LimitedApplication,
  limits: RegistrationLimits,
): readonly string[] | undefined {
  const { scope, approvedScope } = application;
  const stored = scope === null ? undefined : parseScope(scope);
  const registrar = registrarOf(application);
  // `openid` and `offline_access` say how an application is told of a user: no list of the host's needs to name them.
  if (registrar === 'host') return stored && [...new Set([...stored, ...IDENTITY_SCOPES])];
  const bound = [...new Set([...limits[registrar].scopes, ...parseScope(approvedScope ?? '')])];
  return bound.filter((name) => stored === undefined || stored.includes(name));
}

/** The grant types that an application may use now. */
export function allowedGrantTypes(application: LimitedApplication, limits: RegistrationLimits): readonly string[] {
  const stored = parseScope(application.grantTypes);
  const registrar = registrarOf(application);
  if (registrar === 'host') return stored;
  const bound = [...limits[registrar].grantTypes, ...parseScope(application.approvedGrantTypes ?? '')];
  return stored.filter((grantType) => bound.includes(grantType));
}
