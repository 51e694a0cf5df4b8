import { IDENTITY_SCOPES, parseScope } from '../../core/scopes.js';
import { type Registered, type Registrar, registrarOf } from './registrar.js';

/** What applications of one kind of registrar may have. */
export interface RegistrationLimit {
  readonly scopes: readonly string[];
  readonly grantTypes: readonly string[];
}

/** The limits of applications that were registered by users or by themselves. Those of the host have none. */
export type RegistrationLimits = Readonly<Record<Exclude<Registrar, 'host'>, RegistrationLimit>>;

/** The properties of an application that determine what it may have. */
export interface LimitedApplication extends Registered {
  readonly scope: string | null;
  readonly grantTypes: string;
  readonly approvedScope?: string | null | undefined;
  readonly approvedGrantTypes?: string | null | undefined;
}

/**
 * The scopes that an application may have now; `undefined`: all. Stored scopes count only as far as the limits, or
 * staff, allow them, so an application loses what it registered under other limits.
 */
export function allowedScopes(
  application: LimitedApplication,
  limits: RegistrationLimits,
): readonly string[] | undefined {
  const { scope, approvedScope } = application;
  const stored = scope === null ? undefined : parseScope(scope);
  const registrar = registrarOf(application);
  // `openid` and `offline_access` only determine how an application learns about a user, so the host's lists need not
  // name them.
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
