import type { Context } from 'koa';
import type { PageDependencies } from '../page-dependencies.js';
import type { Viewer } from '../rendering/viewer.js';

/** Determines who views a page. */
export class Viewers {
  constructor(
    private readonly dependencies: Pick<PageDependencies, 'signIns' | 'login' | 'users' | 'isStaff' | 'username'>,
  ) {}

  /** The id of the signed-in user, by the host's login if there is one. */
  async userId(context: Context): Promise<string | undefined> {
    const { login, signIns } = this.dependencies;
    return login === undefined ? signIns.userIdOf(context) : login.userId(context);
  }

  /** The signed-in user, if allowed to act; otherwise `undefined`. */
  async current(context: Context): Promise<Viewer | undefined> {
    const id = await this.userId(context);
    return id === undefined ? undefined : this.of(id);
  }

  /** A user who may act, by id. */
  async of(id: string): Promise<Viewer | undefined> {
    const { users, isStaff, username } = this.dependencies;
    const user = users === undefined ? { id } : await users.findById(id);
    if (user === undefined || user === null) return undefined;
    if (users !== undefined && (await users.isActive(user)) !== true) return undefined;
    return {
      id,
      name: username === undefined ? id : username(user),
      isStaff: isStaff !== undefined && (await isStaff(user)) === true,
    };
  }
}
