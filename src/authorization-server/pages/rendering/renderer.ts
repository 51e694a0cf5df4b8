import { Eta, type TemplateFunction } from 'eta/core';
import type { Context } from 'koa';
import type { PageModels, PageName, PageOverrides } from './page-models.js';
import { escapeHtml, fillHtml, fillText } from './page-text.js';
import { setSecurityHeaders } from './security-headers.js';
import { STYLESHEET } from './stylesheet.js';
import { PARTIALS, TEMPLATES } from './templates/templates.js';
import type { Texts } from './texts.js';
import type { Viewer } from './viewer.js';

export interface RendererOptions {
  readonly prefix: string;
  readonly issuer: string;
  readonly texts: Texts;
  readonly overrides: PageOverrides;
  /** Whether users sign out at this server, rather than at the host. */
  readonly hasSignOut: boolean;
}

/** A link of the navigation. */
interface FrameLink {
  readonly href: string;
  readonly text: string;
  readonly isCurrent: boolean;
}

/** The data that templates access as `it`. */
interface TemplateData<Name extends PageName> {
  readonly model: PageModels[Name];
  readonly texts: Texts;
  readonly frame: {
    readonly language: string;
    readonly direction: string;
    readonly siteName: string;
    readonly stylesheet: string;
    /** `undefined` on pages without navigation. */
    readonly links: readonly FrameLink[] | undefined;
    readonly signOut: string | undefined;
  };
  readonly fillHtml: typeof fillHtml;
  readonly fillText: typeof fillText;
  /** Formats a time in milliseconds since the Unix epoch, in words, UTC. */
  readonly date: (atMilliseconds: number) => string;
  readonly isoDate: (atMilliseconds: number) => string;
  /** Writes a number, and a share from 0 to 1, as in the language of the pages. */
  readonly number: (value: number) => string;
  readonly percent: (share: number) => string;
}

/** The pages with navigation. Their models have a `viewer`. */
const WITH_NAVIGATION: ReadonlySet<PageName> = new Set([
  'authorizedApplications',
  'confirm',
  'applications',
  'application',
  'applicationForm',
  'tokens',
  'sessions',
  'overview',
] satisfies PageName[]);

/** Renders models as pages. Templates are compiled once, on creation. */
export class Renderer {
  private readonly templates: ReadonlyMap<PageName, TemplateFunction>;
  private readonly eta = new Eta({ autoEscape: true, escapeFunction: escapeHtml, cache: false });
  private readonly dates: Intl.DateTimeFormat;
  private readonly numbers: Intl.NumberFormat;
  private readonly percents: Intl.NumberFormat;
  private readonly siteName: string;

  constructor(private readonly options: RendererOptions) {
    for (const [name, template] of Object.entries(PARTIALS)) this.eta.loadTemplate(name, template);
    const names = Object.keys(TEMPLATES) as PageName[];
    this.templates = new Map(names.map((name) => [name, this.eta.compile(TEMPLATES[name])]));
    const { texts, issuer } = options;
    this.siteName = texts.frame.siteName || new URL(issuer).host;
    this.numbers = new Intl.NumberFormat(texts.frame.language);
    this.percents = new Intl.NumberFormat(texts.frame.language, { style: 'percent', maximumFractionDigits: 0 });
    this.dates = new Intl.DateTimeFormat(texts.frame.language, {
      dateStyle: 'medium',
      timeStyle: 'short',
      timeZone: 'UTC',
    });
  }

  /**
   * Responds with a page. The status is 200 unless it was set.
   *
   * @param policy the Content-Security-Policy, if it differs from that of other pages
   */
  async show<Name extends PageName>(
    context: Context,
    name: Name,
    model: PageModels[Name],
    status = 200,
    policy?: string,
  ): Promise<void> {
    const override = this.options.overrides[name];
    const page = override === undefined ? this.render(context, name, model) : await override(model, context);
    context.status = status;
    context.type = 'html';
    if (typeof page === 'string') {
      setSecurityHeaders(context, policy);
      context.body = page;
    } else {
      setSecurityHeaders(context, page.contentSecurityPolicy);
      context.body = page.html;
    }
  }

  private render<Name extends PageName>(context: Context, name: Name, model: PageModels[Name]): string {
    const { prefix, texts, hasSignOut } = this.options;
    const viewer = WITH_NAVIGATION.has(name) ? (model as { readonly viewer: Viewer }).viewer : undefined;
    const data: TemplateData<Name> = {
      model,
      texts,
      frame: {
        language: texts.frame.language,
        direction: texts.frame.direction,
        siteName: this.siteName,
        stylesheet: prefix + STYLESHEET.path,
        links: viewer === undefined ? undefined : this.links(viewer, context.path),
        signOut: hasSignOut ? `${prefix}/sign-out` : undefined,
      },
      fillHtml,
      fillText,
      date: (atMilliseconds) => `${this.dates.format(shownDate(atMilliseconds))} UTC`,
      isoDate: (atMilliseconds) => shownDate(atMilliseconds).toISOString(),
      number: (value) => this.numbers.format(value),
      percent: (share) => this.percents.format(share),
    };
    return this.eta.render(this.templates.get(name) as TemplateFunction, data);
  }

  private links(viewer: Viewer, currentPath: string): FrameLink[] {
    const { prefix, texts, hasSignOut } = this.options;
    const { authorized, applications, sessions, staffApplications, staffTokens, staffSessions, staffOverview } =
      texts.frame;
    const pages: [string, string][] = [
      ['/authorized-applications', authorized],
      ['/applications', applications],
      ...(hasSignOut ? ([['/sessions', sessions]] satisfies [string, string][]) : []),
      ...(viewer.isStaff
        ? ([
            ['/staff/applications', staffApplications],
            ['/staff/tokens', staffTokens],
            ['/staff/sessions', staffSessions],
            ['/staff/overview', staffOverview],
          ] satisfies [string, string][])
        : []),
    ];
    return pages.map(([path, text]) => {
      const href = prefix + path;
      return { href, text, isCurrent: currentPath === href || currentPath.startsWith(`${href}/`) };
    });
  }
}

/** The last time that a date can have, in milliseconds since the Unix epoch (ECMA-262 §21.4.1.1). */
const LAST_MILLISECONDS = 8.64e15;

/** A row may hold a time that is none of a date, such as that of what never ends. */
function shownDate(atMilliseconds: number): Date {
  const time = Number.isNaN(atMilliseconds) ? 0 : atMilliseconds;
  return new Date(Math.max(-LAST_MILLISECONDS, Math.min(LAST_MILLISECONDS, time)));
}
