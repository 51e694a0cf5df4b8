import type { Context } from 'koa';
import type { Clock } from '../../core/clock.js';
import type { OAuth2Events } from '../../core/events/events.js';
import type { FailureBudget } from '../../core/failure-budget.js';
import type { LogLimiter } from '../../core/log-limiter.js';
import type { Overview } from '../../core/observation/overview.js';
import type { ScopeDescriptions } from '../../core/scopes.js';
import type { RandomBytes } from '../../core/token-value.js';
import type { UserStore } from '../../core/users.js';
import type { ApplicationRepository, RegistrationLimits, StoredTokenKind, TokenSearch } from '../../storage/index.js';
import type { HostLogin } from '../host-login.js';
import type { Sealer } from '../keys/sealer.js';
import type { Consents, Interactions, SignIns } from '../ports.js';
import type { EndpointThrottle, SignedInBrowsers } from '../server-dependencies.js';
import type { PageOverrides } from './rendering/page-models.js';
import type { TextOverrides } from './rendering/texts.js';

/** A budget of failed sign-ins, reserved before the password is checked. */
export type SignInBudget = Pick<FailureBudget, 'reserve'>;

/** The budgets of failed sign-ins. Without one there is no limit. */
export interface SignInBudgets {
  /** All failures at an address. */
  readonly byAddress?: SignInBudget;
  /** Failures for one user name from one address, or at a browser that is known. */
  readonly byNameAndAddress?: SignInBudget;
  /** Failures for one user name, from all addresses. */
  readonly byName?: SignInBudget;
}

/**
 * Checks a password. Resolves to the user's id, or to `undefined` if user name and password do not belong together.
 * It should take the same time for a user name that does not exist.
 */
export type Authenticate = (
  username: string,
  password: string,
  context: Context,
) => string | undefined | PromiseLike<string | undefined>;

/** The operations on applications that the pages need; `ApplicationRepository` implements them. */
export type ManagedApplications = Pick<
  ApplicationRepository,
  'findByClientId' | 'search' | 'create' | 'update' | 'rotateSecret' | 'disable' | 'enable' | 'delete'
>;

/** The operations of staff on tokens. */
export interface StaffTokens extends Pick<TokenSearch, 'search' | 'find'> {
  /** Revokes it in every process. Resolves to whether this call did it. */
  revoke(kind: StoredTokenKind, id: number): Promise<boolean>;
}

/** What the pages depend on. */
export interface PageDependencies {
  /** The path of the pages, e.g. `/oauth2`, without a trailing slash. */
  readonly prefix: string;
  readonly issuer: string;
  readonly interactions: Interactions;
  readonly signIns: SignIns;
  readonly consents: Consents;
  readonly sessions: SignedInBrowsers;
  readonly applications: ManagedApplications;
  readonly tokens: StaffTokens;
  /** What happened lately, for staff. */
  readonly overview: () => Promise<Overview>;
  /** All scopes with their descriptions. */
  readonly scopes: ScopeDescriptions;
  /** What applications may have that the host has not registered. */
  readonly limits: RegistrationLimits;
  /** The host's users. Without it every id is a user. */
  readonly users?: UserStore;
  /** Either this or `login` is given. */
  readonly authenticate?: Authenticate;
  readonly login?: HostLogin;
  /** Default: nobody. */
  readonly isStaff?: (user: unknown) => boolean | PromiseLike<boolean>;
  /** How pages name a user. Default: the id. */
  readonly username?: (user: unknown) => string;
  readonly sealer: Sealer;
  readonly failures?: SignInBudgets;
  /**
   * Counts the applications that a user registers and the secrets that the user replaces. Without it there is no limit.
   */
  readonly registrations?: EndpointThrottle;
  /** The key of the address that a request comes from, e.g. `ip:203.0.113.5`. */
  readonly address: (context: Context) => string;
  /** The id of a request, for the log. */
  readonly requestId: (context: Context) => string | undefined;
  readonly texts?: TextOverrides;
  readonly pages?: PageOverrides;
  readonly log: LogLimiter;
  readonly events: OAuth2Events;
  readonly clock: Clock;
  readonly random: RandomBytes;
}
