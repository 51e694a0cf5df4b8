import type { Context } from 'koa';
import { cursorAfter, type FoundToken, isHashPrefix } from '../../storage/index.js';
import { seeOther } from './continuation.js';
import { readQuery } from './forms/form-body.js';
import { PageError } from './page-error.js';
import type { PageRoute, PathParameters } from './page-router.js';
import type { PageServices } from './page-services.js';
import type { ListedToken } from './rendering/list-models.js';
import { noticeOf } from './rendering/notices.js';
import { PAGE_SIZE, pagingOf, rowBefore } from './rendering/paging.js';
import type { Viewer } from './rendering/viewer.js';
import { SignedIn } from './sign-in/sign-in.js';

/** The width of the columns. */
const MAXIMUM_ID_LENGTH = 255;
/** How many digits of a digest are shown: enough to distinguish tokens. */
const SHOWN_DIGITS = 12;

/** The pages on which staff searches for tokens and revokes them. */
export function staffTokenRoutes(services: PageServices): PageRoute[] {
  const { dependencies, forms, renderer } = services;
  const signedIn = new SignedIn(services);
  const listUrl = `${dependencies.prefix}/staff/tokens`;
  const revokeUrl = ({ kind, id }: FoundToken) => `${listUrl}/${kind}/${id}/revoke`;

  function listed(token: FoundToken): ListedToken {
    const state = stateOf(token, dependencies.clock.nowMilliseconds());
    return {
      ...token,
      hashPrefix: token.hash.slice(0, SHOWN_DIGITS),
      state,
      revokeUrl: state === 'active' ? revokeUrl(token) : undefined,
    };
  }

  async function search(context: Context, viewer: Viewer): Promise<void> {
    const query = readQuery(context);
    const clientId = query.value('client_id').trim();
    const userId = query.value('user_id').trim();
    if (Math.max(clientId.length, userId.length) > MAXIMUM_ID_LENGTH) throw new PageError(400, 'badRequest');
    const hashPrefix = query.value('hash').trim().toLowerCase();
    const isHash = hashPrefix === '' || isHashPrefix(hashPrefix);
    const given = {
      ...(clientId !== '' && { clientId }),
      ...(userId !== '' && { userId }),
      ...(hashPrefix !== '' && { hashPrefix }),
    };
    const isSearch = isHash && Object.keys(given).length > 0;
    const before = { access: rowBefore(query, 'before_access'), refresh: rowBefore(query, 'before_refresh') };
    const found = isSearch ? await dependencies.tokens.search(given, { limit: PAGE_SIZE + 1, before }) : [];
    const shown = found.slice(0, PAGE_SIZE);
    const older = found.length > shown.length ? cursorAfter(shown, before) : undefined;
    // Input that is not a digest may be a token that was pasted by mistake: it is not shown again.
    const shownHash = isHash ? hashPrefix : '';
    const model = {
      viewer,
      search: { action: listUrl, clientId, userId, hashPrefix: shownHash },
      tokens: isSearch ? shown.map(listed) : undefined,
      problem: isHash ? undefined : ('hash' as const),
      paging: pagingOf({
        listUrl,
        search: { client_id: clientId, user_id: userId, hash: shownHash },
        isNewest: before.access === undefined && before.refresh === undefined,
        older: older && { before_access: older.access, before_refresh: older.refresh },
      }),
      notice: noticeOf(context),
    };
    await renderer.show(context, 'tokens', model, isHash ? 200 : 400);
  }

  async function find({ kind, id = '' }: PathParameters): Promise<FoundToken> {
    const isKind = kind === 'access' || kind === 'refresh';
    const token = isKind && /^[1-9]\d{0,15}$/.test(id) ? await dependencies.tokens.find(kind, Number(id)) : undefined;
    if (token === undefined) throw new PageError(404, 'notFound');
    return token;
  }

  return [
    {
      path: '/staff/tokens',
      async get(context) {
        const viewer = await signedIn.staff(context);
        if (viewer !== undefined) await search(context, viewer);
      },
    },
    {
      path: '/staff/tokens/:kind/:id/revoke',
      async get(context, parameters) {
        const viewer = await signedIn.staff(context);
        if (viewer === undefined) return;
        const token = await find(parameters);
        await renderer.show(context, 'confirm', {
          viewer,
          what: 'revoke-token',
          subject: token.hash.slice(0, SHOWN_DIGITS),
          form: forms.make(context, revokeUrl(token), subjectOf(token, viewer)),
          cancelUrl: listUrl,
        });
      },
      async post(context, parameters) {
        const viewer = await signedIn.staff(context);
        if (viewer === undefined) return;
        const token = await find(parameters);
        await forms.take(context, subjectOf(token, viewer));
        // Revoked by someone else in the meantime: the wish is fulfilled.
        await dependencies.tokens.revoke(token.kind, token.id);
        seeOther(context, `${listUrl}?done=revoked`);
      },
    },
  ];
}

function stateOf(
  { revokedAtMilliseconds, expiresAtMilliseconds }: FoundToken,
  nowMilliseconds: number,
): ListedToken['state'] {
  if (revokedAtMilliseconds !== null) return 'revoked';
  return expiresAtMilliseconds <= nowMilliseconds ? 'expired' : 'active';
}

function subjectOf({ kind, id }: FoundToken, viewer: Viewer) {
  return { purpose: `revoke ${kind} token ${id}`, userId: viewer.id };
}
