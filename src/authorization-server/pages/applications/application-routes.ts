import type { Context } from 'koa';
import { parseScope } from '../../../core/scopes.js';
import { type Application, LIFETIME_NAMES, registrarOf } from '../../../storage/index.js';
import { seeOther } from '../continuation.js';
import { type FormFields, readQuery } from '../forms/form-body.js';
import { PageError } from '../page-error.js';
import type { PageRoute } from '../page-router.js';
import type { PageServices } from '../page-services.js';
import { noticeOf } from '../rendering/notices.js';
import type { ConfirmModel } from '../rendering/page-models.js';
import type { Notice } from '../rendering/page-parts.js';
import { PAGE_SIZE, pagingOf, rowBefore } from '../rendering/paging.js';
import { describedScopes } from '../rendering/scope-descriptions.js';
import type { Viewer } from '../rendering/viewer.js';
import { countOf } from '../user-rates.js';
import { type ApplicationArea, listed, ownersArea, staffArea, urlOf } from './area.js';
import { ApplicationForm } from './form.js';
import { NewSecrets } from './secrets.js';
import { shownGrantTypes, shownScopes } from './shown.js';

/** The width of the columns. */
const MAXIMUM_ID_LENGTH = 255;

/** The choices of how long the previous secret stays valid: not at all, an hour, a day, a week. */
const OVERLAPS_SECONDS = [0, 3600, 86_400, 604_800];

/** The pages for owners' applications, and for all applications for staff. */
export function applicationRoutes(services: PageServices): PageRoute[] {
  return [...routesOf(services, ownersArea(services)), ...routesOf(services, staffArea(services))];
}

function routesOf(services: PageServices, area: ApplicationArea): PageRoute[] {
  const { dependencies, renderer } = services;
  const { applications } = dependencies;
  const form = new ApplicationForm(services, area);
  const secrets = new NewSecrets(dependencies.sealer, services.cookies);
  const path = area.listUrl.slice(dependencies.prefix.length);

  async function list(context: Context, viewer: Viewer): Promise<void> {
    const query = readQuery(context);
    const search = { clientId: query.value('client_id').trim(), userId: query.value('user_id').trim() };
    if (Math.max(search.clientId.length, search.userId.length) > MAXIMUM_ID_LENGTH) {
      throw new PageError(400, 'badRequest');
    }
    const beforeId = rowBefore(query, 'before');
    // Owners have no search: their list contains only their own applications.
    const filter = area.isStaff ? givenOnly(search) : { userId: viewer.id };
    const found = await applications.search(filter, { limit: PAGE_SIZE + 1, beforeId });
    const shown = found.slice(0, PAGE_SIZE);
    await renderer.show(context, 'applications', {
      viewer,
      applications: shown.map((application) => listed(area, application)),
      newUrl: `${area.listUrl}/new`,
      notice: noticeOf(context),
      search: area.isStaff ? { action: area.listUrl, ...search } : undefined,
      paging: pagingOf({
        listUrl: area.listUrl,
        search: area.isStaff ? { client_id: search.clientId, user_id: search.userId } : {},
        isNewest: beforeId === undefined,
        older: found.length > shown.length ? { before: shown.at(-1)?.id } : undefined,
      }),
    });
  }

  async function show(context: Context, viewer: Viewer, application: Application): Promise<void> {
    const {
      clientId,
      redirectUris,
      postLogoutRedirectUris,
      skipAuthorization,
      trustClearedAtMilliseconds,
      createdAtMilliseconds,
    } = application;
    const scopes = shownScopes(application, dependencies.limits);
    await renderer.show(context, 'application', {
      viewer,
      application: {
        ...listed(area, application),
        grantTypes: shownGrantTypes(application, dependencies.limits),
        redirectUris: parseScope(redirectUris),
        postLogoutRedirectUris: parseScope(postLogoutRedirectUris ?? ''),
        allowedOrigins: parseScope(application.allowedOrigins ?? ''),
        scopes: scopes && describedScopes(scopes, dependencies.scopes),
        skipAuthorization,
        mayIntrospect: application.mayIntrospect,
        requirePushedAuthorizationRequests: application.requirePushedAuthorizationRequests ?? false,
        registeredBy: registrarOf(application),
        trustClearedAtMilliseconds: trustClearedAtMilliseconds ?? undefined,
        lifetimes: LIFETIME_NAMES.flatMap((field) => {
          const seconds = application[field] ?? null;
          return area.isStaff && seconds !== null ? [{ field, seconds }] : [];
        }),
        createdAtMilliseconds,
      },
      clientSecret: secrets.take(context, viewer.id, clientId),
      notice: noticeOf(context),
      listUrl: area.listUrl,
      isStaffPage: area.isStaff,
    });
  }

  /** A page that asks for confirmation, and what is done after it. */
  function confirmed(
    name: string,
    what: ConfirmModel['what'],
    act: Act,
    overlaps?: ConfirmModel['overlaps'],
  ): PageRoute {
    return {
      path: `${path}/:clientId/${name}`,
      get: (context, parameters) =>
        withApplication(context, parameters.clientId, async (viewer, application) => {
          const url = urlOf(area, application.clientId);
          await renderer.show(context, 'confirm', {
            viewer,
            what,
            subject: application.name,
            overlaps,
            form: services.forms.make(context, `${url}/${name}`, subjectOf(what, viewer, application)),
            cancelUrl: url,
          });
        }),
      post: (context, parameters) =>
        withApplication(context, parameters.clientId, async (viewer, application) => {
          const form = await services.forms.take(context, subjectOf(what, viewer, application));
          seeOther(context, await act(context, viewer, application, form));
        }),
    };
  }

  async function withApplication(
    context: Context,
    clientId: string | undefined,
    act: (viewer: Viewer, application: Application) => Promise<void>,
  ): Promise<void> {
    const viewer = await area.viewer(context);
    if (viewer !== undefined) await act(viewer, await area.find(viewer, clientId ?? ''));
  }

  const done = (url: string, notice: Notice) => `${url}?done=${notice}`;

  return [
    {
      path,
      async get(context) {
        const viewer = await area.viewer(context);
        if (viewer !== undefined) await list(context, viewer);
      },
    },
    {
      path: `${path}/new`,
      async get(context) {
        const viewer = await area.viewer(context);
        if (viewer !== undefined) await form.show(context, viewer, undefined);
      },
      async post(context) {
        const viewer = await area.viewer(context);
        if (viewer === undefined) return;
        await form.take(context, viewer, undefined, async (registration) => {
          await countOf(dependencies.registrations, viewer);
          const { application, clientSecret } = await applications.create(registration);
          if (clientSecret !== undefined) secrets.put(context, viewer.id, application.clientId, clientSecret);
          return done(urlOf(area, application.clientId), 'registered');
        });
      },
    },
    {
      path: `${path}/:clientId`,
      get: (context, { clientId }) =>
        withApplication(context, clientId, (viewer, application) => show(context, viewer, application)),
    },
    {
      path: `${path}/:clientId/edit`,
      get: (context, { clientId }) =>
        withApplication(context, clientId, (viewer, application) => form.show(context, viewer, application)),
      post: (context, { clientId }) =>
        withApplication(context, clientId, (viewer, application) =>
          form.take(context, viewer, application, async (_registration, patch) => {
            const changed = await applications.update(application.clientId, patch, area.condition(viewer));
            if (changed === undefined) throw gone();
            const lostTrust =
              !area.isStaff && changed.trustClearedAtMilliseconds !== application.trustClearedAtMilliseconds;
            return done(urlOf(area, application.clientId), lostTrust ? 'trustCleared' : 'saved');
          }),
        ),
    },
    confirmed(
      'secret',
      'rotate-secret',
      async (context, viewer, application, form) => {
        const { clientId } = application;
        const overlapSeconds = overlapOf(form);
        const { hasSecret } = listed(area, application);
        if (hasSecret) await countOf(dependencies.registrations, viewer);
        const secret = hasSecret
          ? await applications.rotateSecret(clientId, { ...area.condition(viewer), overlapSeconds })
          : undefined;
        if (secret === undefined) throw gone();
        secrets.put(context, viewer.id, clientId, secret);
        return done(urlOf(area, clientId), 'rotated');
      },
      OVERLAPS_SECONDS,
    ),
    confirmed('delete', 'delete', async (_context, viewer, { clientId }) => {
      if (!(await applications.delete(clientId, area.condition(viewer)))) throw gone();
      return done(area.listUrl, 'deleted');
    }),
    ...(area.isStaff
      ? [
          confirmed('disable', 'disable', async (_context, _viewer, { clientId }) => {
            await applications.disable(clientId);
            return done(urlOf(area, clientId), 'disabled');
          }),
          confirmed('enable', 'enable', async (_context, _viewer, { clientId }) => {
            await applications.enable(clientId);
            return done(urlOf(area, clientId), 'enabled');
          }),
        ]
      : []),
  ];
}

/** Performs the confirmed action and returns the URL to continue at. */
type Act = (context: Context, viewer: Viewer, application: Application, form: FormFields) => Promise<string>;

/** How long the present secret stays valid; a custom page may not have the field. */
function overlapOf(form: FormFields): number {
  const entered = form.value('overlap') || '0';
  const seconds = OVERLAPS_SECONDS.find((one) => String(one) === entered);
  if (seconds === undefined) throw new PageError(400, 'badRequest');
  return seconds;
}

function subjectOf(what: ConfirmModel['what'], viewer: Viewer, { clientId }: Application) {
  return { purpose: `${what} ${clientId}`, userId: viewer.id };
}

/** The application was deleted in the meantime. */
function gone(): PageError {
  return new PageError(404, 'notFound');
}

function givenOnly<Search extends Record<string, string>>(search: Search): Partial<Search> {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== '')) as Partial<Search>;
}
