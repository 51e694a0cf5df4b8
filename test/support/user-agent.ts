import { createHash, randomBytes } from 'node:crypto';

/** Where a user agent has arrived. */
export interface Visit {
  readonly status: number;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A form on a page. */
export interface FormOnPage {
  readonly action: string;
  /** What is sent whichever button is pressed. */
  readonly fields: Record<string, string>;
  /** The names of the buttons that send something. */
  readonly buttons: readonly string[];
}

interface Cookie {
  readonly value: string;
  readonly path: string;
}

const MAXIMUM_REDIRECTS = 20;

/**
 * A browser without scripts: it keeps cookies by path, follows redirects and pages that refresh at once, within one
 * origin. A redirect to another origin is where it stops.
 */
export class UserAgent {
  /** Every line of `Set-Cookie` that came. */
  readonly cookieLines: string[] = [];
  private readonly cookies = new Map<string, Cookie>();

  /**
   * @param fields header fields of every request, e.g. those of a proxy
   * @param server where requests really go, for an origin that only the server's issuer names
   */
  constructor(
    readonly origin: string,
    private readonly fields: Readonly<Record<string, string>> = {},
    private readonly server = origin,
  ) {}

  get(url: string): Promise<Visit> {
    return this.follow(new URL(url, this.origin).href, { method: 'GET' });
  }

  /** Sends the first form of a page that has fields or buttons of these names, with these values. */
  submit(visit: Visit, values: Readonly<Record<string, string>>): Promise<Visit> {
    const form = formsOf(visit).find(({ fields, buttons }) =>
      Object.keys(values).every((name) => name in fields || buttons.includes(name)),
    );
    if (form === undefined) throw new Error(`No form with ${Object.keys(values).join(', ')} on: ${visit.body}`);
    return this.send(form, values);
  }

  /** @param repeated fields that come more than once, beside the others */
  send(
    form: FormOnPage,
    values: Readonly<Record<string, string>> = {},
    repeated: readonly (readonly [name: string, value: string])[] = [],
  ): Promise<Visit> {
    const fields: (readonly [string, string])[] = [...Object.entries({ ...form.fields, ...values }), ...repeated];
    return this.follow(new URL(form.action, this.origin).href, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: this.origin },
      body: new URLSearchParams(fields as [string, string][]).toString(),
    });
  }

  /** The cookies that a request to a path carries, by name. */
  cookiesFor(path: string): Record<string, string> {
    const matching = [...this.cookies].filter(([, cookie]) => isWithin(path, cookie.path));
    return Object.fromEntries(matching.map(([key, { value }]) => [key.split(';', 1)[0] as string, value]));
  }

  /** Takes over a cookie, as one that was stolen or planted. */
  plant(name: string, value: string): void {
    this.cookies.set(`${name};/`, { value, path: '/' });
  }

  /** Keeps a cookie that somebody else has planted: a line of `Set-Cookie`. */
  plantLine(line: string): void {
    this.keep(line, '/');
  }

  /** The session cookie at the authorization server, whose name says of which server it is. */
  sessionCookie(): string | undefined {
    const [found] = Object.entries(this.cookiesFor('/')).filter(([name]) => /oauth2_session_[0-9a-f]+$/.test(name));
    return found?.[1];
  }

  private async follow(url: string, init: RequestInit): Promise<Visit> {
    let next: { readonly url: string; readonly init: RequestInit } = { url, init };
    for (let count = 0; count < MAXIMUM_REDIRECTS; count += 1) {
      const visit = await this.visit(next.url, next.init);
      const onward = onwardOf(visit);
      if (onward === undefined || new URL(onward).origin !== this.origin) return visit;
      next = { url: onward, init: { method: 'GET' } };
    }
    throw new Error(`More than ${MAXIMUM_REDIRECTS} redirects from ${url}.`);
  }

  private async visit(url: string, init: RequestInit): Promise<Visit> {
    const { pathname } = new URL(url);
    // Of two cookies of one name, that of the longer path comes first (RFC 6265 §5.4).
    const cookie = [...this.cookies]
      .filter(([, { path }]) => isWithin(pathname, path))
      .sort(([, left], [, right]) => right.path.length - left.path.length)
      .map(([key, { value }]) => `${key.split(';', 1)[0]}=${value}`);
    const headers = {
      ...this.fields,
      ...(init.headers as Record<string, string>),
      accept: 'text/html',
      cookie: cookie.join('; '),
    };
    const target = `${this.server}${url.slice(this.origin.length)}`;
    const response = await fetch(target, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      this.cookieLines.push(line);
      this.keep(line, pathname);
    }
    return { status: response.status, url, headers: response.headers, body: await response.text() };
  }

  private keep(line: string, pathname: string): void {
    const [pair = '', ...attributes] = line.split(/; */);
    const equals = pair.indexOf('=');
    const named = new Map(attributes.map((one) => one.split(/=(.*)/s, 2) as [string, string]));
    const lower = new Map([...named].map(([name, value]) => [name.toLowerCase(), value]));
    const path = lower.get('path') ?? pathname.slice(0, Math.max(1, pathname.lastIndexOf('/')));
    const key = `${pair.slice(0, equals)};${path}`;
    const expires = lower.get('expires');
    if (expires !== undefined && Date.parse(expires) < Date.now()) this.cookies.delete(key);
    else this.cookies.set(key, { value: pair.slice(equals + 1), path });
  }
}

/** The forms of a page. */
export function formsOf({ body, url }: Visit): FormOnPage[] {
  return [...body.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, attributes = '', content = '']) => ({
    action: attributeOf(attributes, 'action') ?? url,
    fields: Object.fromEntries(
      [...content.matchAll(/<(?:input|textarea)\b([^>]*)>/gs)].flatMap(([, field = '']) => {
        const name = attributeOf(field, 'name');
        return name === undefined ? [] : [[name, attributeOf(field, 'value') ?? '']];
      }),
    ),
    buttons: [...content.matchAll(/<button\b([^>]*)>/gs)].flatMap(([, field = '']) => attributeOf(field, 'name') ?? []),
  }));
}

/** Where the links of a page lead, without those of its frame. */
export function pageLinksOf({ body }: Visit): string[] {
  const [main = ''] = /<main\b.*<\/main>/s.exec(body) ?? [];
  return [...main.matchAll(/<a\b([^>]*)>/g)].map(([, attributes = '']) => attributeOf(attributes, 'href') ?? '');
}

/** Where a visit leads by itself: by its redirect, or its refresh. */
export function onwardOf({ headers, body, url, status }: Visit): string | undefined {
  const location = headers.get('location');
  if (location !== null && status >= 300 && status < 400) return new URL(location, url).href;
  const refresh = /<meta http-equiv="refresh" content="0; ?url=([^"]*)"/i.exec(body)?.[1];
  return refresh === undefined ? undefined : new URL(unescaped(refresh), url).href;
}

/** Where a visit points to: the target of its redirect, or of its refresh. */
export function targetOf(visit: Visit): URL {
  const onward = onwardOf(visit);
  if (onward === undefined) throw new Error(`There is no redirect: ${visit.status} ${visit.body}`);
  return new URL(onward);
}

function attributeOf(attributes: string, name: string): string | undefined {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1];
  return value === undefined ? undefined : unescaped(value);
}

function unescaped(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

function isWithin(path: string, cookiePath: string): boolean {
  return path === cookiePath || path.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`);
}

/** A code verifier and its challenge (RFC 7636 §4.2). */
export function pkce(): { readonly verifier: string; readonly challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}
