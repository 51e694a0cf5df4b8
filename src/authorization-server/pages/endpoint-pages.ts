import type { EndpointPages } from '../ports.js';
import { seeOther } from './continuation.js';
import { formPostPolicy, SEND_FORM } from './forms/form-post.js';
import type { PageServices } from './page-services.js';
import { hostOf } from './rendering/host-of.js';
import type { PageLink } from './rendering/page-parts.js';
import { fillText } from './rendering/page-text.js';
import { describedScopes } from './rendering/scope-descriptions.js';
import { shownApplication } from './rendering/shown-application.js';

/** The statuses of errors that are not caused by the request. */
const STATUS: Readonly<Record<string, number>> = {
  access_denied: 403,
  server_error: 500,
  temporarily_unavailable: 503,
  throttled: 429,
  slow_down: 429,
};

type Services = Pick<PageServices, 'renderer' | 'dependencies' | 'texts' | 'viewers'>;

/** The pages that endpoints show. */
export function endpointPages({ renderer, dependencies, texts, viewers }: Services): EndpointPages {
  function linkTo(returnTo: string | undefined): PageLink | undefined {
    if (returnTo === undefined) return undefined;
    return { href: returnTo, text: fillText(texts.errors.continueTo, { host: hostOf(returnTo) ?? returnTo }) };
  }

  return {
    deviceCode(context, form, problem, userCode) {
      const status = problem === undefined ? 200 : 400;
      return renderer.show(context, 'deviceCode', { form, problem, userCode: userCode ?? '' }, status);
    },
    deviceConfirm(context, form, { application, userCode, scopes }) {
      return renderer.show(context, 'deviceConfirm', {
        form,
        application: shownApplication(application),
        userCode,
        scopes: describedScopes(scopes, dependencies.scopes),
      });
    },
    signedInUser: (context) => viewers.userId(context),
    signInForDevice(context, userCode) {
      const { login, prefix } = dependencies;
      if (login !== undefined) return seeOther(context, login.url(undefined, context, { reauthenticate: false }));
      const page = `${prefix}/device?${new URLSearchParams({ user_code: userCode })}`;
      seeOther(context, `${prefix}/sign-in?${new URLSearchParams({ return_to: page })}`);
    },
    deviceDone: (context, application) =>
      renderer.show(context, 'deviceDone', { application: shownApplication(application) }),
    deviceRefused: (context) => renderer.show(context, 'deviceRefused', {}),
    logoutConfirm: (context, form, returnTo) => renderer.show(context, 'logout', { form, returnsTo: hostOf(returnTo) }),
    loggedOut: (context, returnTo) => renderer.show(context, 'loggedOut', { link: linkTo(returnTo) }),
    formPost(context, url, fields) {
      const model = { url, fields, host: hostOf(new URL(url, dependencies.issuer).href) ?? url, script: SEND_FORM };
      return renderer.show(context, 'formPost', model, 200, formPostPolicy(url, dependencies.issuer));
    },
    error(context, { error, description, returnTo }) {
      const status = STATUS[error] ?? 400;
      if (status === 503) context.set('Retry-After', '1');
      return renderer.show(context, 'error', { status, error, description, link: linkTo(returnTo) }, status);
    },
  };
}
