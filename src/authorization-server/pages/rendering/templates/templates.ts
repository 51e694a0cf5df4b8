import type { PageName } from '../page-models.js';
import { AUTHORIZED_APPLICATIONS, CONFIRM } from './account.js';
import { APPLICATION, APPLICATION_FORM, APPLICATIONS } from './applications.js';
import { DEVICE_CODE, DEVICE_CONFIRM, DEVICE_DONE, DEVICE_REFUSED } from './device.js';
import { FRAME, HIDDEN, NOTICE, PAGING, PROBLEMS, SCOPES } from './frame.js';
import { CONSENT, CONTINUE, ERROR, FORM_POST, LOGGED_OUT, LOGIN, LOGOUT } from './interaction.js';
import { OVERVIEW } from './overview.js';
import { SESSIONS } from './sessions.js';
import { TOKENS } from './tokens.js';

/** The partial templates. */
export const PARTIALS: Readonly<Record<string, string>> = {
  '@frame': FRAME,
  '@hidden': HIDDEN,
  '@notice': NOTICE,
  '@paging': PAGING,
  '@problems': PROBLEMS,
  '@scopes': SCOPES,
};

/** The template of each page. `it` is a `TemplateData`. */
export const TEMPLATES: Readonly<Record<PageName, string>> = {
  login: LOGIN,
  consent: CONSENT,
  deviceCode: DEVICE_CODE,
  deviceConfirm: DEVICE_CONFIRM,
  deviceDone: DEVICE_DONE,
  deviceRefused: DEVICE_REFUSED,
  logout: LOGOUT,
  loggedOut: LOGGED_OUT,
  error: ERROR,
  continue: CONTINUE,
  formPost: FORM_POST,
  authorizedApplications: AUTHORIZED_APPLICATIONS,
  confirm: CONFIRM,
  applications: APPLICATIONS,
  application: APPLICATION,
  applicationForm: APPLICATION_FORM,
  tokens: TOKENS,
  sessions: SESSIONS,
  overview: OVERVIEW,
};
