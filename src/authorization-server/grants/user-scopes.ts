import { IDENTITY_SCOPES } from '../../core/scopes.js';
import type { UserStore } from '../../core/users.js';
import type { Application } from '../../storage/index.js';
import type { AuthorizationServerOptions } from '../options/authorization-server-options.js';

/** The host's functions that say what a user may have. */
type Hooks = Pick<AuthorizationServerOptions, 'scopesOf' | 'mayGrant'>;

/** Bounds what users can allow: a token for a user never holds a scope that this user may not have. */
export class UserScopes {
  /** Whether the host bounds anything. */
  readonly areBounded: boolean;

  constructor(
    private readonly hooks: Hooks,
    private readonly users: UserStore | undefined,
  ) {
    this.areBounded = hooks.scopesOf !== undefined || hooks.mayGrant !== undefined;
  }

  /**
   * Those of the scopes that a user may let an application have, in their order; none if the user is gone.
   *
   * @throws TemporarilyUnavailableError if the host cannot answer
   * @throws TypeError if the host answers what cannot be
   */
  async grantable(userId: string, application: Application, scopes: readonly string[]): Promise<readonly string[]> {
    if (!this.areBounded) return scopes;
    const user: unknown = this.users === undefined ? { id: userId } : await this.users.findById(userId);
    if (user === undefined || user === null) return [];
    const held = await this.heldBy(user, scopes);
    const given = await this.givenTo(user, application, held);
    const left = scopes.filter((scope) => given.includes(scope));
    // To stay connected for nothing is nothing.
    return left.every((scope) => scope === 'offline_access') && left.length < scopes.length ? [] : left;
  }

  /** What the user has himself. Who he is, and for how long it is told, is nobody's permission. */
  private async heldBy(user: unknown, scopes: readonly string[]): Promise<readonly string[]> {
    const { scopesOf } = this.hooks;
    if (scopesOf === undefined) return scopes;
    const answer: unknown = await scopesOf(user);
    if (!isListOfNames(answer)) {
      throw new TypeError('scopesOf must answer a list of scope names; an empty one for who may have none.');
    }
    const held = new Set([...answer, ...IDENTITY_SCOPES]);
    return scopes.filter((scope) => held.has(scope));
  }

  /** What the host lets the user pass on to this application. */
  private async givenTo(
    user: unknown,
    application: Application,
    scopes: readonly string[],
  ): Promise<readonly string[]> {
    const { mayGrant } = this.hooks;
    if (mayGrant === undefined || scopes.length === 0) return scopes;
    // A copy: what the host does with the list changes nothing.
    const answer: unknown = await mayGrant(user, application, [...scopes]);
    if (typeof answer === 'boolean') return answer ? scopes : [];
    if (isListOfNames(answer)) return scopes.filter((scope) => answer.includes(scope));
    throw new TypeError('mayGrant must answer true, false, or a list of the scopes that may be granted.');
  }
}

function isListOfNames(answer: unknown): answer is readonly string[] {
  return Array.isArray(answer) && answer.every((name) => typeof name === 'string');
}
