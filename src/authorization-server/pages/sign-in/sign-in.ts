import type { Context } from 'koa';
import { seeOther } from '../continuation.js';
import { readQuery } from '../forms/form-body.js';
import { localPath } from '../local-path.js';
import { PageError } from '../page-error.js';
import type { PageRoute } from '../page-router.js';
import type { PageServices } from '../page-services.js';
import type { Viewer } from '../rendering/viewer.js';
import { type RefusedSignIn, showLogin } from './login-page.js';

const SIGN_IN = { purpose: 'sign-in', userId: undefined };

/** Sign-in at this server itself, for the management pages, and sign-out. */
export function signInRoutes(services: PageServices): PageRoute[] {
  const { dependencies, forms, passwords, renderer, viewers, continuation } = services;
  const home = `${dependencies.prefix}/authorized-applications`;
  const returnTo = (text: string) => localPath(text) ?? home;

  function page(context: Context, username: string, path: string, result: RefusedSignIn | undefined): Promise<void> {
    return showLogin(services, context, result, {
      form: forms.make(context, `${dependencies.prefix}/sign-in`, SIGN_IN, { return_to: path }),
      username,
      application: undefined,
      notice: undefined,
      refuseForm: undefined,
    });
  }

  const signIn: PageRoute = {
    path: '/sign-in',
    async get(context) {
      const path = returnTo(readQuery(context).value('return_to'));
      if ((await viewers.current(context)) !== undefined) return seeOther(context, path);
      await page(context, '', path, undefined);
    },
    async post(context) {
      const fields = await forms.take(context, SIGN_IN);
      const path = returnTo(fields.value('return_to'));
      const mark = await dependencies.signIns.mark();
      const result = await passwords.check(context, fields);
      if (!('userId' in result)) return page(context, fields.value('username'), path, result);
      if (await dependencies.signIns.signIn(context, result.userId, mark)) return continuation.goOn(context, path);
      seeOther(context, `${dependencies.prefix}/sign-in?${new URLSearchParams({ return_to: path })}`);
    },
  };

  const signOut: PageRoute = {
    path: '/sign-out',
    async get(context) {
      const viewer = await viewers.current(context);
      if (viewer === undefined) return renderer.show(context, 'loggedOut', {});
      await renderer.show(context, 'logout', {
        form: forms.make(context, `${dependencies.prefix}/sign-out`, signOutOf(viewer)),
        returnsTo: undefined,
      });
    },
    async post(context) {
      const viewer = await viewers.current(context);
      // Signed out in another tab in the meantime: the wish is fulfilled.
      if (viewer === undefined) return seeOther(context, `${dependencies.prefix}/sign-out`);
      const fields = await forms.take(context, signOutOf(viewer));
      if (fields.value('logout') !== 'yes') return seeOther(context, home);
      await dependencies.signIns.signOut(context);
      seeOther(context, `${dependencies.prefix}/sign-out`);
    },
  };

  // With a login of the host, signing in and out is up to the host.
  return dependencies.login === undefined ? [signIn, signOut] : [];
}

function signOutOf(viewer: Viewer) {
  return { purpose: 'sign-out', userId: viewer.id };
}

/** Restricts pages to signed-in users. */
export class SignedIn {
  constructor(private readonly services: Pick<PageServices, 'dependencies' | 'viewers'>) {}

  /** The signed-in user; if there is none, the browser was redirected to the sign-in page and the caller is done. */
  async viewer(context: Context): Promise<Viewer | undefined> {
    const { dependencies, viewers } = this.services;
    const viewer = await viewers.current(context);
    if (viewer !== undefined) return viewer;
    if (dependencies.login !== undefined) {
      // If somebody is signed in at the host but may not act, only another user can continue.
      const reauthenticate = (await viewers.userId(context)) !== undefined;
      seeOther(context, dependencies.login.url(undefined, context, { reauthenticate }));
      return undefined;
    }
    // A form cannot be submitted again after signing in, but the page with the form can be shown.
    const query = new URLSearchParams({ return_to: context.method === 'POST' ? context.path : context.url });
    seeOther(context, `${dependencies.prefix}/sign-in?${query}`);
    return undefined;
  }

  /**
   * Like `viewer`, for staff.
   *
   * @throws PageError 403 for other users
   */
  async staff(context: Context): Promise<Viewer | undefined> {
    const viewer = await this.viewer(context);
    if (viewer !== undefined && !viewer.isStaff) throw new PageError(403, 'staffOnly');
    return viewer;
  }
}
