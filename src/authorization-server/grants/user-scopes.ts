import { IDENTITY_SCOPES } from '../../core/scopes.js';
import type { UserStore } from '../../core/users.js';
import type { Application } from '../../storage/index.js';
import type { AuthorizationServerOptions } from '../options/authorization-server-options.js';

/** The host's functions that determine what a user may grant. */
type Hooks = Pick<AuthorizationServerOptions, 'scopesOf' | 'mayGrant'>;

/** Limits what users can grant: a token for a user never contains a scope that the user may not have. */
export class UserScopes {
  /** Whether the host sets limits. */
  readonly areBounded: boolean;

  constructor(
    private readonly hooks: Hooks,
    private readonly users: UserStore | undefined,
  ) {
    this.areBounded = hooks.scopesOf !== undefined || hooks.mayGrant !== undefined;
  }

  /**
   * The subset of the scopes that a user may grant to an application, in the same order; empty if the user does not
   * exist.
   *
   * @throws TemporarilyUnavailableError if the host cannot answer
   * @throws TypeError if the host's result has the wrong type
   */
  async grantable(userId: string, application: Application, scopes: readonly string[]): Promise<readonly string[]> {
    if (!this.areBounded) return scopes;
    const user: unknown = this.users === undefined ? { id: userId } : await this.users.findById(userId);
    if (user === undefined || user === null) return [];
    const held = await this.heldBy(user, scopes);
    const given = await this.givenTo(user, application, held);
    const left = scopes.filter((scope) => given.includes(scope));
    // `offline_access` alone is of no use.
    return left.every((scope) => scope === 'offline_access') && left.length < scopes.length ? [] : left;
  }

  /** The scopes that the user has. Scopes about the user's identity and `offline_access` are not permissions. */
  private async heldBy(user: unknown, scopes: readonly string[]): Promise<readonly string[]> {
    const { scopesOf } = this.hooks;
    if (scopesOf === undefined) return scopes;
    const answer: unknown = await scopesOf(user);
    if (!isListOfNames(answer)) {
      throw new TypeError('scopesOf must return a list of scope names, which may be empty.');
    }
    const held = new Set([...answer, ...IDENTITY_SCOPES]);
    return scopes.filter((scope) => held.has(scope));
  }

  /** The scopes that the host lets the user grant to this application. */
  private async givenTo(
    user: unknown,
    application: Application,
    scopes: readonly string[],
  ): Promise<readonly string[]> {
    const { mayGrant } = this.hooks;
    if (mayGrant === undefined || scopes.length === 0) return scopes;
    // A copy, so that the host cannot change the list.
    const answer: unknown = await mayGrant(user, application, [...scopes]);
    if (typeof answer === 'boolean') return answer ? scopes : [];
    if (isListOfNames(answer)) return scopes.filter((scope) => answer.includes(scope));
    throw new TypeError('mayGrant must return true, false, or a list of the scopes that may be granted.');
  }
}

function isListOfNames(answer: unknown): answer is readonly string[] {
  return Array.isArray(answer) && answer.every((name) => typeof name === 'string');
}
