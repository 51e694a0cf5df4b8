import type { Context } from 'koa';
import type { BrowserSession } from '../../core/browser-session.js';
import { seeOther } from './continuation.js';
import { readQuery } from './forms/form-body.js';
import { PageError } from './page-error.js';
import type { PageRoute } from './page-router.js';
import type { PageServices } from './page-services.js';
import type { ListedSession } from './rendering/list-models.js';
import { noticeOf } from './rendering/notices.js';
import { PAGE_SIZE } from './rendering/paging.js';
import type { Viewer } from './rendering/viewer.js';
import { SignedIn } from './sign-in/sign-in.js';

/** The width of the column. */
const MAXIMUM_ID_LENGTH = 255;
/** SHA-256 in base64url. */
const SESSION_ID = /^[A-Za-z0-9_-]{43}$/;

/** Whose sessions a page is about, and its URL. */
interface Area {
  readonly path: '/sessions' | '/staff/sessions';
  viewer(context: Context): Promise<Viewer | undefined>;
  /** The user whose sessions are shown; `undefined`: none was chosen yet. */
  ownerOf(context: Context, viewer: Viewer): string | undefined;
}

/** The pages about sessions, for users and for staff: the list, ending one, and ending all (others). */
export function sessionRoutes(services: PageServices): PageRoute[] {
  const signedIn = new SignedIn(services);
  const own: Area = {
    path: '/sessions',
    viewer: (context) => signedIn.viewer(context),
    ownerOf: (_context, viewer) => viewer.id,
  };
  const ofStaff: Area = {
    path: '/staff/sessions',
    viewer: (context) => signedIn.staff(context),
    ownerOf(context) {
      const userId = readQuery(context).value('user_id').trim();
      if (userId.length > MAXIMUM_ID_LENGTH) throw new PageError(400, 'badRequest');
      return userId === '' ? undefined : userId;
    },
  };
  // With a login of the host, showing and ending sessions is up to the host.
  const forUsers = services.dependencies.login === undefined ? routesOf(services, own) : [];
  return [...forUsers, ...routesOf(services, ofStaff)];
}

function routesOf(services: PageServices, area: Area): PageRoute[] {
  const { dependencies, forms, renderer } = services;
  const { sessions, signIns } = dependencies;
  const isStaffPage = area.path === '/staff/sessions';
  const listUrl = dependencies.prefix + area.path;
  const urlWith = (path: string, query: Readonly<Record<string, string | undefined>>) => {
    const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
  };
  const ofUser = (userId: string) => (isStaffPage ? userId : undefined);
  const endUrl = (id: string) => `${listUrl}/${id}/end`;
  const endAllUrl = (userId: string) => urlWith(`${listUrl}/end-all`, { user_id: ofUser(userId) });

  async function list(context: Context, userId: string): Promise<readonly BrowserSession[]> {
    const after = readQuery(context).value('after');
    if (after !== '' && !SESSION_ID.test(after)) throw new PageError(400, 'badRequest');
    return sessions.listFor(userId, { limit: PAGE_SIZE + 1, ...(after !== '' && { after }) });
  }

  async function show(context: Context, viewer: Viewer): Promise<void> {
    const userId = area.ownerOf(context, viewer);
    const found = userId === undefined ? [] : await list(context, userId);
    const current = await signIns.sessionIdOf(context);
    const shown = found
      .slice(0, PAGE_SIZE)
      .map((session): ListedSession => ({ ...session, isCurrent: session.id === current, endUrl: endUrl(session.id) }));
    const isNewest = readQuery(context).value('after') === '';
    const hasOthers = !isNewest || shown.some(({ isCurrent }) => !isCurrent);
    const user = userId === undefined ? undefined : ofUser(userId);
    await renderer.show(context, 'sessions', {
      viewer,
      sessions: userId === undefined ? undefined : shown,
      search: isStaffPage ? { action: listUrl, userId: userId ?? '' } : undefined,
      endAllUrl: userId !== undefined && hasOthers ? endAllUrl(userId) : undefined,
      paging: {
        newestUrl: isNewest ? undefined : urlWith(listUrl, { user_id: user }),
        olderUrl:
          found.length > shown.length ? urlWith(listUrl, { user_id: user, after: shown.at(-1)?.id }) : undefined,
      },
      notice: noticeOf(context),
    });
  }

  /** A session that this viewer may end; those of others do not exist here. */
  async function find(id: string, viewer: Viewer): Promise<BrowserSession> {
    const session = SESSION_ID.test(id) ? await sessions.find(id) : undefined;
    if (session === undefined || (!isStaffPage && session.userId !== viewer.id)) throw new PageError(404, 'notFound');
    return session;
  }

  const subjectOf = (what: string, viewer: Viewer) => ({ purpose: `${area.path} ${what}`, userId: viewer.id });

  return [
    {
      path: area.path,
      async get(context) {
        const viewer = await area.viewer(context);
        if (viewer !== undefined) await show(context, viewer);
      },
    },
    {
      path: `${area.path}/end-all`,
      async get(context) {
        const viewer = await area.viewer(context);
        if (viewer === undefined) return;
        const userId = area.ownerOf(context, viewer);
        if (userId === undefined) throw new PageError(400, 'badRequest');
        await renderer.show(context, 'confirm', {
          viewer,
          what: isStaffPage ? 'end-all-sessions' : 'end-other-sessions',
          subject: userId,
          form: forms.make(context, endAllUrl(userId), subjectOf(`end all of ${userId}`, viewer)),
          cancelUrl: urlWith(listUrl, { user_id: ofUser(userId) }),
        });
      },
      async post(context) {
        const viewer = await area.viewer(context);
        if (viewer === undefined) return;
        const userId = area.ownerOf(context, viewer);
        if (userId === undefined) throw new PageError(400, 'badRequest');
        await forms.take(context, subjectOf(`end all of ${userId}`, viewer));
        const except = isStaffPage ? undefined : await signIns.sessionIdOf(context);
        await sessions.endAllOf({ user: userId, except });
        seeOther(context, urlWith(listUrl, { user_id: ofUser(userId), done: 'sessionsEnded' }));
      },
    },
    {
      path: `${area.path}/:id/end`,
      async get(context, { id = '' }) {
        const viewer = await area.viewer(context);
        if (viewer === undefined) return;
        const session = await find(id, viewer);
        await renderer.show(context, 'confirm', {
          viewer,
          what: 'end-session',
          subject: session.browser ?? services.texts.sessions.unknownBrowser,
          form: forms.make(context, endUrl(id), subjectOf(`end ${id}`, viewer)),
          cancelUrl: urlWith(listUrl, { user_id: ofUser(session.userId) }),
        });
      },
      async post(context, { id = '' }) {
        const viewer = await area.viewer(context);
        if (viewer === undefined) return;
        const { userId } = await find(id, viewer);
        await forms.take(context, subjectOf(`end ${id}`, viewer));
        await sessions.end(id);
        seeOther(context, urlWith(listUrl, { user_id: ofUser(userId), done: 'sessionEnded' }));
      },
    },
  ];
}
