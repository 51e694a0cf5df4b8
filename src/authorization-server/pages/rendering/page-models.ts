import type { Context } from 'koa';
import type { FormEntries } from '../../ports.js';
import type {
  ApplicationFormModel,
  ApplicationModel,
  ApplicationsModel,
  AuthorizedApplicationsModel,
} from './application-models.js';
import type { SessionsModel, TokensModel } from './list-models.js';
import type { OverviewModel } from './overview-models.js';
import type { DescribedScope, Notice, PageForm, PageLink, ShownApplication } from './page-parts.js';
import type { Viewer } from './viewer.js';

/** Fields `username` and `password`. */
export interface LoginModel {
  /** The form for the user name and the password. */
  readonly form: PageForm;
  /** What was entered before, or the login hint of the application. */
  readonly username: string;
  /** Why the last attempt failed. */
  readonly problem: 'wrong' | 'throttled' | undefined;
  /** Until when to wait, if throttled. */
  readonly retryAfterSeconds: number;
  /** What one signs in for; `undefined` for the pages of this server itself. */
  readonly application: ShownApplication | undefined;
  /** What was just done. */
  readonly notice: Notice | undefined;
  /** Sends the user back to the application with `access_denied`. */
  readonly refuseForm: PageForm | undefined;
}

/** Two buttons of the name `decision`: `allow` and `deny`. */
export interface ConsentModel {
  /** The form for the decision. */
  readonly form: PageForm;
  /** Who asks. */
  readonly application: ShownApplication;
  /** Who is asked. */
  readonly viewer: Viewer;
  /** What is asked for, with what people are told of it. */
  readonly scopes: readonly DescribedScope[];
  /** The host that the answer goes to, if it is known. */
  readonly returnsTo: string | undefined;
}

/** Field `user_code`. */
export interface DeviceCodeModel {
  /** The form for the code. */
  readonly form: PageForm;
  /** What was entered before, or the code from the address. */
  readonly userCode: string;
  /** Why the last code was not accepted. */
  readonly problem: 'not-found' | 'expired' | 'not-right' | undefined;
}

/** Two buttons: `confirm=yes` and `abort=yes`. */
export interface DeviceConfirmModel {
  /** The form for the decision. */
  readonly form: PageForm;
  /** Who asks. */
  readonly application: ShownApplication;
  /** The code, for comparing it with that of the device. */
  readonly userCode: string;
  /** What is asked for. */
  readonly scopes: readonly DescribedScope[];
}

/** The device was connected. */
export interface DeviceDoneModel {
  /** The application on the device. */
  readonly application: ShownApplication;
}

/** The device was refused; the page shows nothing else. */
export type DeviceRefusedModel = Record<string, never>;

/** A button `logout=yes`. */
export interface LogoutModel {
  /** The form for the decision. */
  readonly form: PageForm;
  /** The host, or the scheme, of the application's address that is gone to afterwards; `undefined`: to none. */
  readonly returnsTo: string | undefined;
}

/** The browser is signed out. */
export interface LoggedOutModel {
  /** Leads on to the application, where the browser is not sent there by itself. */
  readonly link?: PageLink | undefined;
}

/** Something went wrong. */
export interface ErrorModel {
  /** The HTTP status. */
  readonly status: number;
  /** An OAuth error code. */
  readonly error: string;
  /** For people. */
  readonly description: string;
  /** A page that leads on, if there is one. */
  readonly link: PageLink | undefined;
}

/** Leads on to another page at once, by a refresh of zero seconds. */
export interface ContinueModel {
  /** The address of that page. */
  readonly url: string;
  /** Its host, for people. */
  readonly host: string;
}

/** Sends its one form on, by `script` where there is JavaScript, else by a button. */
export interface FormPostModel {
  /** Where the form goes, by POST. */
  readonly url: string;
  /** Hidden fields; a name may come more than once. */
  readonly fields: FormEntries;
  /** The host that the form goes to, for people. */
  readonly host: string;
  /** The one script that the page's policy lets run: it has to stand in a `<script>` exactly as it is. */
  readonly script: string;
}

/** Asks before something is done that cannot be undone. */
export interface ConfirmModel {
  /** Who is asked. */
  readonly viewer: Viewer;
  /** What is going to be done. */
  readonly what:
    | 'end-session'
    | 'end-other-sessions'
    | 'end-all-sessions'
    | 'withdraw'
    | 'withdraw-unasked'
    | 'rotate-secret'
    | 'delete'
    | 'revoke-token'
    | 'disable'
    | 'enable';
  /** What it is done to, as people know it. */
  readonly subject: string;
  /** With `rotate-secret`: for how many seconds the present secret may stay good, the values of a field `overlap`. */
  readonly overlaps?: readonly number[] | undefined;
  /** The form that does it. */
  readonly form: PageForm;
  /** The page to go back to. */
  readonly cancelUrl: string;
}

/** The pages by name, with what each is made of. */
export interface PageModels {
  /** The login page. */
  readonly login: LoginModel;
  /** Asks whether an application gets access. */
  readonly consent: ConsentModel;
  /** Asks for the code that a device shows. */
  readonly deviceCode: DeviceCodeModel;
  /** Asks whether the device is the user's own. */
  readonly deviceConfirm: DeviceConfirmModel;
  /** The device was connected. */
  readonly deviceDone: DeviceDoneModel;
  /** The device was refused. */
  readonly deviceRefused: DeviceRefusedModel;
  /** Asks whether to sign out. */
  readonly logout: LogoutModel;
  /** The browser is signed out. */
  readonly loggedOut: LoggedOutModel;
  /** Something went wrong. */
  readonly error: ErrorModel;
  /** Leads on to another page. */
  readonly continue: ContinueModel;
  /** Sends an answer on by a form (`response_mode=form_post`). */
  readonly formPost: FormPostModel;
  /** The applications that may act for the user. */
  readonly authorizedApplications: AuthorizedApplicationsModel;
  /** Asks before something is done. */
  readonly confirm: ConfirmModel;
  /** A list of applications. */
  readonly applications: ApplicationsModel;
  /** One application. */
  readonly application: ApplicationModel;
  /** The form for an application. */
  readonly applicationForm: ApplicationFormModel;
  /** The search for tokens; staff only. */
  readonly tokens: TokensModel;
  /** The browsers in which a user is signed in. */
  readonly sessions: SessionsModel;
  /** What happened lately; staff only. */
  readonly overview: OverviewModel;
}

/** The name of a page. */
export type PageName = keyof PageModels;

/** The names of all pages. */
export const PAGE_NAMES = [
  'login',
  'consent',
  'deviceCode',
  'deviceConfirm',
  'deviceDone',
  'deviceRefused',
  'logout',
  'loggedOut',
  'error',
  'continue',
  'formPost',
  'authorizedApplications',
  'confirm',
  'applications',
  'application',
  'applicationForm',
  'tokens',
  'sessions',
  'overview',
] as const satisfies readonly PageName[];

/** A page of the host's: HTML, or HTML with a Content-Security-Policy of its own. */
export type HostPage =
  | string
  | {
      /** The whole document. */
      readonly html: string;
      /** The value of the header field `Content-Security-Policy`, in place of the default. */
      readonly contentSecurityPolicy: string;
    };

/**
 * Custom pages in place of the package's. Each gets the same model, with its form, and answers a whole HTML document.
 * It escapes what it shows: names of applications are the text of strangers.
 */
export type PageOverrides = {
  readonly [Name in PageName]?: (model: PageModels[Name], context: Context) => HostPage | PromiseLike<HostPage>;
};
