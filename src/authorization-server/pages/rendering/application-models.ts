import type { ApplicationLifetimes, Registrar } from '../../../storage/index.js';
import type { DescribedScope, Notice, PageForm, Paging, ShownApplication } from './page-parts.js';
import type { Viewer } from './viewer.js';

/** An application that may act for the user. */
export interface ConsentedApplication extends ShownApplication {
  /** What it may do. */
  readonly scopes: readonly DescribedScope[];
  /** Whether the user was asked for all of it; not so where staff decided that he is not. */
  readonly wasAsked: boolean;
  /** Since when, in milliseconds since the epoch. */
  readonly grantedAtMilliseconds: number;
  /** The page that asks before the access is withdrawn. */
  readonly withdrawUrl: string;
}

/** The applications that may act for the user. */
export interface AuthorizedApplicationsModel {
  /** Whose applications they are. */
  readonly viewer: Viewer;
  /** The applications, the oldest consent first. */
  readonly applications: readonly ConsentedApplication[];
  /** What was just done. */
  readonly notice: Notice | undefined;
}

/** An application in a list. */
export interface ListedApplication extends ShownApplication {
  /** Its page. */
  readonly url: string;
  /** Whether it can keep a secret (RFC 6749 §2.1). */
  readonly clientType: 'confidential' | 'public';
  /** Whether it was disabled. */
  readonly isDisabled: boolean;
  /** Whether it proves itself by a secret. */
  readonly hasSecret: boolean;
  /** The id of its owner; `null`: nobody's. */
  readonly owner: string | null;
}

/** What staff looked for in the list of applications. */
export interface ApplicationSearch {
  /** Where the form is sent, by GET. */
  readonly action: string;
  /** The beginning of a client identifier that was entered. */
  readonly clientId: string;
  /** The id of an owner that was entered. */
  readonly userId: string;
}

/** A list of applications: the user's own, or for staff all. */
export interface ApplicationsModel {
  /** Who looks at it. */
  readonly viewer: Viewer;
  /** The applications of this part of the list. */
  readonly applications: readonly ListedApplication[];
  /** The form for a new application. */
  readonly newUrl: string;
  /** What was just done. */
  readonly notice: Notice | undefined;
  /** Staff only: what was looked for. */
  readonly search: ApplicationSearch | undefined;
  /** The other parts of the list. */
  readonly paging: Paging;
}

/** A lifetime that staff has set for one application. */
export interface OwnLifetime {
  /** Which lifetime. */
  readonly field: LifetimeField;
  /** Its value in seconds. */
  readonly seconds: number;
}

/** One application. */
export interface ApplicationModel {
  /** Who looks at it. */
  readonly viewer: Viewer;
  /** The application with everything that can be seen of it. */
  readonly application: ListedApplication & {
    /** The grant types that it may use. */
    readonly grantTypes: readonly string[];
    /** Where users are sent back to after signing in. */
    readonly redirectUris: readonly string[];
    /** Where users may be sent after signing out. */
    readonly postLogoutRedirectUris: readonly string[];
    /** The origins whose pages may read responses of this server (CORS). */
    readonly allowedOrigins: readonly string[];
    /** `undefined`: any scope. */
    readonly scopes: readonly DescribedScope[] | undefined;
    /** Whether its users are not asked for consent. */
    readonly skipAuthorization: boolean;
    /** Whether it may introspect all tokens, not only its own. */
    readonly mayIntrospect: boolean;
    /** Whether its authorization requests are accepted only if they are pushed (RFC 9126 §6). */
    readonly requirePushedAuthorizationRequests: boolean;
    /** Who registered it. */
    readonly registeredBy: Registrar;
    /** When an edit of its owner ended what staff had trusted it with, if staff has not decided anew since. */
    readonly trustClearedAtMilliseconds: number | undefined;
    /** Staff only: lifetimes of its own. */
    readonly lifetimes: readonly OwnLifetime[];
    /** When it was registered, in milliseconds since the epoch. */
    readonly createdAtMilliseconds: number;
  };
  /** The new secret. It is shown this once. */
  readonly clientSecret: string | undefined;
  /** What was just done. */
  readonly notice: Notice | undefined;
  /** The list that it is in. */
  readonly listUrl: string;
  /** Whether it is the page for staff. */
  readonly isStaffPage: boolean;
}

/** The fields of the form for an application. */
export type ApplicationField =
  | 'name'
  | 'clientType'
  | 'grantTypes'
  | 'redirectUris'
  | 'postLogoutRedirectUris'
  | 'allowedOrigins'
  | 'scopes'
  | 'userId'
  | LifetimeField;

/** The fields of lifetimes; staff only. */
export type LifetimeField = keyof ApplicationLifetimes;

/** What stands in the fields of the form for an application. */
export interface ApplicationFields {
  /** What people see. */
  readonly name: string;
  /** `confidential`, `public`, or what else was sent. */
  readonly clientType: string;
  /** The chosen grant types. */
  readonly grantTypes: readonly string[];
  /** One a line. */
  readonly redirectUris: string;
  /** One a line. */
  readonly postLogoutRedirectUris: string;
  /** One a line. */
  readonly allowedOrigins: string;
  /** The chosen scopes. */
  readonly scopes: readonly string[];
  /** Whether any scope was chosen, also future ones. */
  readonly anyScope: boolean;
  /** Whether its authorization requests must be pushed (RFC 9126 §6). */
  readonly requirePushedAuthorizationRequests: boolean;
  /** Whether its users are not to be asked for consent; staff only. */
  readonly skipAuthorization: boolean;
  /** The owner's id; empty: nobody's. */
  readonly userId: string;
  /** Seconds; empty: the server's own. */
  readonly lifetimes: Readonly<Record<LifetimeField, string>>;
}

/** The form for a new application or for changing one. */
export interface ApplicationFormModel {
  /** Who fills it in. */
  readonly viewer: Viewer;
  /** Where it is sent. */
  readonly form: PageForm;
  /** Whether the application is new. */
  readonly isNew: boolean;
  /** Shown while it is edited. */
  readonly application: ShownApplication | undefined;
  /** What stands in the fields. */
  readonly fields: ApplicationFields;
  /** What is wrong, by field. */
  readonly problems: Readonly<Partial<Record<ApplicationField, string>>>;
  /** The scopes that are offered. */
  readonly choosableScopes: readonly DescribedScope[];
  /** The grant types that are offered. */
  readonly choosableGrantTypes: readonly string[];
  /** Whether it can be said that the application may have any scope. */
  readonly offersAnyScope: boolean;
  /** Whether staff trusts the application, and a change of anything but the name ends that. */
  readonly endsTrust: boolean;
  /** The page to go back to. */
  readonly cancelUrl: string;
  /** Whether it is the form for staff. */
  readonly isStaffPage: boolean;
}
