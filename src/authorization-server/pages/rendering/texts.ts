import { knownOptions, optionPath, refuseOption } from '../../../core/options/index.js';
import { ENGLISH } from './english.js';

/** Every word on the pages, by group and name. In braces: what is put in, e.g. `{application}`. */
export interface Texts {
  /** What stands around every page: navigation, paging, the language and its direction. */
  readonly frame: PageWords<'frame'>;
  /** The login page. */
  readonly login: PageWords<'login'>;
  /** The page that asks for consent. */
  readonly consent: PageWords<'consent'>;
  /** The pages that connect a device. */
  readonly device: PageWords<'device'>;
  /** The pages for signing out. */
  readonly logout: PageWords<'logout'>;
  /** What is said of errors. */
  readonly errors: PageWords<'errors'>;
  /** The page that leads on to an application. */
  readonly continue: PageWords<'continue'>;
  /** The applications that may act for the user. */
  readonly authorized: PageWords<'authorized'>;
  /** Lists of applications, and the page of one. */
  readonly applications: PageWords<'applications'>;
  /** The form for an application, with what is wrong with its fields. */
  readonly applicationForm: PageWords<'applicationForm'>;
  /** What is asked before something is done that cannot be undone. */
  readonly confirm: PageWords<'confirm'>;
  /** The search for tokens; staff only. */
  readonly tokens: PageWords<'tokens'>;
  /** The browsers in which a user is signed in. */
  readonly sessions: PageWords<'sessions'>;
  /** What happened lately; staff only. */
  readonly overview: PageWords<'overview'>;
  /** What was just done. */
  readonly notices: PageWords<'notices'>;
}

/** The words of one group. Their names, with the English words, are in the documentation of the texts. */
export type PageWords<Group extends keyof typeof ENGLISH> = {
  readonly [Name in keyof (typeof ENGLISH)[Group]]: string;
};

/** Other words than the English ones; what is left out stays English. */
export type TextOverrides = { readonly [Group in keyof Texts]?: Partial<Texts[Group]> };

/** The English texts with the host's overrides. */
export function completeTexts(overrides: TextOverrides = {}): Texts {
  const path = 'authorizationServer.texts';
  const given: Record<string, unknown> = knownOptions(path, overrides, Object.keys(ENGLISH) as (keyof Texts)[]);
  const groups = Object.entries(ENGLISH).map(([name, group]) => [
    name,
    { ...group, ...textsOf(optionPath(path, name), group, given[name] ?? {}) },
  ]);
  return Object.fromEntries(groups) as unknown as Texts;
}

function textsOf(path: string, known: object, given: unknown): Record<string, string> {
  const texts = knownOptions<Record<string, string>>(path, given, Object.keys(known));
  for (const [name, text] of Object.entries(texts)) {
    if (typeof text !== 'string') refuseOption(optionPath(path, name), text, 'give a text');
  }
  return texts;
}
