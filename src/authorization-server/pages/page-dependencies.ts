import type { Context } from 'koa';
import type { Clock } from '../../core/clock.js';
import type { FailureBudget } from '../../core/failure-budget.js';
import type { LogLimiter } from '../../core/log-limiter.js';
import type { ScopeDescriptions } from '../../core/scopes.js';
import type { RandomBytes } from '../../core/token-value.js';
import type { UserStore } from '../../core/users.js';
import type { ApplicationRepository, RegistrationLimits, TokenKind, TokenSearch } from '../../storage/index.js';
import type { Sealer } from '../keys/sealer.js';
import type { HostLogin } from '../options/host-login.js';
import type { Consents, Interactions, SignIns } from '../ports.js';
import type { EndpointThrottle, SignedInBrowsers } from '../server-dependencies.js';
import type { PageOverrides } from './page-models.js';
import type { TextOverrides } from './texts.js';

/** A budget of failed sign-ins, in which a place is taken before the password is looked at. */
export type SignInBudget = Pick<FailureBudget, 'reserve'>;

/** The budgets of failed sign-ins. Without one there is no limit. */
export interface SignInBudgets {
  /** All that fails at an address. */
  readonly byAddress?: SignInBudget;
  /** What fails for one user name from one address, or at a browser that is known. */
  readonly byNameAndAddress?: SignInBudget;
  /** What fails for one user name, from everywhere. */
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

/** What is done with applications. `ApplicationRepository` does it. */
export type ManagedApplications = Pick<
  ApplicationRepository,
  'findByClientId' | 'search' | 'create' | 'update' | 'rotateSecret' | 'disable' | 'enable' | 'delete'
>;

/** What staff does with tokens. */
export interface StaffTokens extends Pick<TokenSearch, 'search' | 'find'> {
  /** Revokes it everywhere. Resolves to whether this call did it. */
  revoke(kind: TokenKind, id: number): Promise<boolean>;
}

/** All that the pages work with. */
export interface PageDependencies {
  /** Where the pages live, e.g. `/oauth2`: no slash at the end. */
  readonly prefix: string;
  readonly issuer: string;
  readonly interactions: Interactions;
  readonly signIns: SignIns;
  readonly consents: Consents;
  readonly sessions: SignedInBrowsers;
  readonly applications: ManagedApplications;
  readonly tokens: StaffTokens;
  /** Every scope there is, with its description. */
  readonly scopes: ScopeDescriptions;
  /** What applications may have that others than the host have registered. */
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
  /** Counts the applications that a user registers and the secrets that he replaces. Without it there is no limit. */
  readonly registrations?: EndpointThrottle;
  /** The key of the address that a request comes from, e.g. `ip:203.0.113.5`. */
  readonly address: (context: Context) => string;
  readonly texts?: TextOverrides;
  readonly pages?: PageOverrides;
  readonly log: LogLimiter;
  readonly clock: Clock;
  readonly random: RandomBytes;
}
