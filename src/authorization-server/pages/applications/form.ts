import type { Context } from 'koa';
import { ConfigurationError } from '../../../core/errors.js';
import { parseScope } from '../../../core/scopes.js';
import {
  type Application,
  type ApplicationLifetimes,
  type ApplicationPatch,
  GRANT_TYPES,
  isApplicationName,
  LIFETIME_NAMES,
  type NewApplication,
  registrarOf,
  trustIn,
} from '../../../storage/index.js';
import { seeOther } from '../continuation.js';
import type { FormFields } from '../forms/form-body.js';
import type { PageServices } from '../page-services.js';
import type { ApplicationField, ApplicationFields, LifetimeField } from '../rendering/application-models.js';
import { fillText } from '../rendering/page-text.js';
import { describedScopes } from '../rendering/scope-descriptions.js';
import { shownApplication } from '../rendering/shown-application.js';
import type { Viewer } from '../rendering/viewer.js';
import { type ApplicationArea, urlOf } from './area.js';
import { shownGrantTypes, shownScopes } from './shown.js';

/** The fields that may occur more than once. */
export const LISTS = ['grant_type', 'scope'] as const;

type Problems = Partial<Record<ApplicationField, string>>;

const PROBLEM_FIELDS: ReadonlySet<string> = new Set([
  'name',
  'clientType',
  'grantTypes',
  'redirectUris',
  'postLogoutRedirectUris',
  'allowedOrigins',
  'scopes',
  'userId',
  ...LIFETIME_NAMES,
] satisfies ApplicationField[]);

/** The form to register and edit applications. */
export class ApplicationForm {
  constructor(
    private readonly services: PageServices,
    private readonly area: ApplicationArea,
  ) {}

  /** @param application the application that is edited; `undefined` to register a new one */
  async show(
    context: Context,
    viewer: Viewer,
    application: Application | undefined,
    fields: ApplicationFields = application === undefined ? this.blank(viewer) : this.fieldsOf(application),
    problems: Problems = {},
  ): Promise<void> {
    const { forms, renderer, dependencies } = this.services;
    const { area } = this;
    const url = application === undefined ? undefined : urlOf(area, application.clientId);
    const hasProblems = Object.keys(problems).length > 0;
    const model = {
      viewer,
      form: forms.make(
        context,
        url === undefined ? `${area.listUrl}/new` : `${url}/edit`,
        this.subject(viewer, application),
      ),
      isNew: application === undefined,
      application: application && shownApplication(application),
      fields,
      problems,
      choosableScopes: describedScopes(this.choosableScopes(application), dependencies.scopes),
      choosableGrantTypes: this.choosableGrantTypes(application),
      offersAnyScope: area.isStaff && mayHaveAnyScope(application),
      endsTrust: !area.isStaff && application !== undefined && trustIn(application).length > 0,
      cancelUrl: url ?? area.listUrl,
      isStaffPage: area.isStaff,
    };
    await renderer.show(context, 'applicationForm', model, hasProblems ? 422 : 200);
  }

  /** Registers or changes the application as entered, or shows the form again with the problems. */
  async take(context: Context, viewer: Viewer, application: Application | undefined, save: Save): Promise<void> {
    const form = await this.services.forms.take(context, this.subject(viewer, application), LISTS);
    const offersAnyScope = this.area.isStaff && mayHaveAnyScope(application);
    const fields = { ...entered(form, application), anyScope: offersAnyScope && form.value('any_scope') === 'yes' };
    const problems = await this.problemsOf(fields, application);
    if (Object.keys(problems).length > 0) return this.show(context, viewer, application, fields, problems);
    try {
      const registration = this.registration(viewer, fields);
      seeOther(context, await save(registration, this.patchOf(registration, fields, application)));
    } catch (error) {
      const field = fieldOf(error);
      if (field === undefined) throw error;
      const refused = refusedLine(error, field, fields);
      const named =
        refused === undefined ? '' : ` ${fillText(this.services.texts.applicationForm.notUsable, { refused })}`;
      await this.show(context, viewer, application, fields, { [field]: `${this.problem(field)}${named}` });
    }
  }

  private subject(viewer: Viewer, application: Application | undefined) {
    const what = application === undefined ? 'register' : `edit ${application.clientId}`;
    return { purpose: `${this.area.isStaff ? 'staff ' : ''}${what}`, userId: viewer.id };
  }

  private blank(viewer: Viewer): ApplicationFields {
    return {
      name: '',
      clientType: 'confidential',
      grantTypes: ['authorization_code', 'refresh_token'],
      redirectUris: '',
      postLogoutRedirectUris: '',
      allowedOrigins: '',
      scopes: [],
      anyScope: false,
      requirePushedAuthorizationRequests: false,
      skipAuthorization: false,
      userId: viewer.id,
      lifetimes: lifetimesOf(() => ''),
    };
  }

  /** The scopes that can be chosen: those that staff gave an application stay available when its owner edits it. */
  private choosableScopes(application: Application | undefined): readonly string[] {
    const all = Object.keys(this.services.dependencies.scopes);
    const { limits } = this.services.dependencies;
    const had = application === undefined ? [] : (shownScopes(application, limits) ?? []);
    return [...new Set([...(this.area.isStaff ? all : limits.owner.scopes), ...had])];
  }

  private choosableGrantTypes(application: Application | undefined): readonly string[] {
    if (this.area.isStaff) return GRANT_TYPES;
    const { limits } = this.services.dependencies;
    const had = application === undefined ? [] : shownGrantTypes(application, limits);
    return GRANT_TYPES.filter((type) => limits.owner.grantTypes.includes(type) || had.includes(type));
  }

  /** Problems that only the pages can detect; the storage reports the others. */
  private async problemsOf(fields: ApplicationFields, application: Application | undefined): Promise<Problems> {
    const problems: Problems = {};
    const choosable = this.choosableScopes(application);
    if (!isApplicationName(fields.name)) problems.name = this.problem('name');
    const grantTypes = this.choosableGrantTypes(application);
    const isOffered = fields.grantTypes.every((type) => grantTypes.includes(type));
    if (fields.grantTypes.length === 0 || !isOffered) problems.grantTypes = this.problem('grantTypes');
    if (fields.scopes.some((scope) => !choosable.includes(scope))) problems.scopes = this.problem('scopes');
    if (this.area.isStaff && fields.userId !== '') {
      const isUser = fields.userId.length <= 255 && (await this.services.viewers.of(fields.userId)) !== undefined;
      if (!isUser) problems.userId = this.problem('userId');
    }
    return problems;
  }

  private problem(field: ApplicationField): string {
    return this.services.texts.applicationForm[`${field}Problem`];
  }

  /**
   * Owner, consent, lifetimes and future scopes are set by staff only; values that owners send for them are ignored.
   */
  private registration(viewer: Viewer, fields: ApplicationFields): NewApplication {
    const { name, grantTypes, scopes } = fields;
    const registration = {
      name: name.trim(),
      clientType: fields.clientType as NewApplication['clientType'],
      grantTypes,
      redirectUris: linesOf(fields.redirectUris),
      postLogoutRedirectUris: linesOf(fields.postLogoutRedirectUris),
      allowedOrigins: linesOf(fields.allowedOrigins),
      requirePushedAuthorizationRequests: fields.requirePushedAuthorizationRequests,
      scopes,
    };
    if (!this.area.isStaff) return { ...registration, userId: viewer.id, registeredBy: 'owner' };
    return {
      ...registration,
      scopes: fields.anyScope ? null : scopes,
      skipAuthorization: fields.skipAuthorization,
      userId: fields.userId === '' ? null : fields.userId,
      ...secondsOf(fields.lifetimes),
    };
  }

  /**
   * The patch of an edit. Scopes and grant types are included only if they differ from those shown, because including
   * them is a decision.
   */
  private patchOf(
    { clientType: _type, registeredBy: _registrar, ...registration }: NewApplication,
    fields: ApplicationFields,
    application: Application | undefined,
  ): ApplicationPatch {
    if (application === undefined) return registration;
    const shown = this.fieldsOf(application);
    const { scopes, grantTypes, ...rest } = registration;
    const isSame = sameNames(fields.scopes, shown.scopes) && fields.anyScope === shown.anyScope;
    return {
      ...rest,
      ...(!isSame && { scopes }),
      ...(!sameNames(fields.grantTypes, shown.grantTypes) && { grantTypes }),
    };
  }

  private fieldsOf(application: Application): ApplicationFields {
    const { name, clientType, redirectUris, postLogoutRedirectUris, scope, skipAuthorization, userId } = application;
    const { limits } = this.services.dependencies;
    const scopes = shownScopes(application, limits);
    return {
      name,
      clientType,
      grantTypes: shownGrantTypes(application, limits),
      redirectUris: parseScope(redirectUris).join('\n'),
      postLogoutRedirectUris: parseScope(postLogoutRedirectUris ?? '').join('\n'),
      allowedOrigins: parseScope(application.allowedOrigins ?? '').join('\n'),
      scopes: scopes ?? [],
      anyScope: this.area.isStaff && scope === null && mayHaveAnyScope(application),
      requirePushedAuthorizationRequests: application.requirePushedAuthorizationRequests ?? false,
      skipAuthorization,
      userId: userId ?? '',
      lifetimes: lifetimesOf((name) => String(application[name] ?? '')),
    };
  }
}

/** Stores the application, or the changes to it, and returns the URL to continue at. */
export type Save = (registration: NewApplication, patch: ApplicationPatch) => Promise<string>;

/** Only applications of the host may be allowed all scopes, including future ones. */
function mayHaveAnyScope(application: Application | undefined): boolean {
  return application === undefined || registrarOf(application) === 'host';
}

function sameNames(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((name) => others.includes(name));
}

function entered(form: FormFields, application: Application | undefined): Omit<ApplicationFields, 'anyScope'> {
  return {
    name: form.value('name'),
    clientType: application?.clientType ?? form.value('client_type'),
    grantTypes: form.list('grant_type'),
    redirectUris: form.value('redirect_uris'),
    postLogoutRedirectUris: form.value('post_logout_redirect_uris'),
    allowedOrigins: form.value('allowed_origins'),
    scopes: form.list('scope'),
    skipAuthorization: form.value('skip_authorization') === 'yes',
    userId: form.value('user_id'),
    // A custom page may not have these fields.
    requirePushedAuthorizationRequests: form.has('authorization_requests')
      ? form.value('authorization_requests') === 'pushed'
      : (application?.requirePushedAuthorizationRequests ?? false),
    lifetimes: lifetimesOf((name) => (form.has(name) ? form.value(name).trim() : String(application?.[name] ?? ''))),
  };
}

function lifetimesOf(read: (name: LifetimeField) => string): ApplicationFields['lifetimes'] {
  return Object.fromEntries(LIFETIME_NAMES.map((name) => [name, read(name)])) as ApplicationFields['lifetimes'];
}

/** The storage refuses what is not a number. */
function secondsOf(entered: ApplicationFields['lifetimes']): ApplicationLifetimes {
  const read = (text: string) => (text === '' ? null : /^\d+$/.test(text) ? Number(text) : Number.NaN);
  return Object.fromEntries(LIFETIME_NAMES.map((name) => [name, read(entered[name])]));
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|\r|\n/).map((line) => line.trim());
  return lines.filter((line) => line !== '');
}

/** The URI, of several, that the storage refused. */
function refusedLine(error: unknown, field: ApplicationField, fields: ApplicationFields): string | undefined {
  if (field !== 'redirectUris' && field !== 'postLogoutRedirectUris' && field !== 'allowedOrigins') return undefined;
  const [, index] = /\[(\d+)\]$/.exec((error as ConfigurationError).option ?? '') ?? [];
  return index === undefined ? undefined : linesOf(fields[field])[Number(index)];
}

/** The field that the storage refused. */
function fieldOf(error: unknown): ApplicationField | undefined {
  if (!(error instanceof ConfigurationError)) return undefined;
  const [, field = ''] = /^application\.(\w+)/.exec(error.option ?? '') ?? [];
  return PROBLEM_FIELDS.has(field) ? (field as ApplicationField) : undefined;
}
