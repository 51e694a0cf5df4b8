/** A form as it stands on a page. */
export interface PageForm {
  readonly action: string;
  readonly method: string;
  /** All fields with what stands in them; the value of a checkbox only if it is checked. */
  readonly fields: Record<string, string>;
}

/** An answer that was read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
  /** Where a redirect leads, as it stands in the field. */
  readonly location: string;
  readonly forms: readonly PageForm[];
  /** The text of the first `h1`. */
  readonly heading: string;
}

/** A browser without scripts and styles: it keeps cookies, fills in forms and follows nothing by itself. */
export class Agent {
  readonly cookies = new Map<string, string>();

  constructor(readonly origin: string) {}

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.request('GET', path, headers, undefined);
  }

  /** Sends a form with some fields in place of what stood there. */
  submit(
    form: PageForm,
    fields: Readonly<Record<string, string>> = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return this.post(form.action, { ...form.fields, ...fields }, headers);
  }

  post(
    path: string,
    fields: Readonly<Record<string, string>> | string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const body = typeof fields === 'string' ? fields : new URLSearchParams(fields).toString();
    return this.request('POST', path, { 'content-type': 'application/x-www-form-urlencoded', ...headers }, body);
  }

  /** Follows redirects, and refreshes of zero seconds, to the first page that is neither; stops at another origin. */
  async follow(answer: Answer): Promise<Answer> {
    let current = answer;
    for (let hop = 0; hop < 20; hop++) {
      const refresh = /<meta http-equiv="refresh" content="0; url=([^"]*)">/.exec(current.html)?.[1];
      const target = current.location !== '' ? current.location : refresh && unescaped(refresh);
      if (!target) return current;
      if (new URL(target, this.origin).origin !== this.origin) return { ...current, location: target };
      current = await this.get(target);
    }
    throw new Error('The redirects have no end.');
  }

  private async request(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string | undefined,
  ): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(new URL(path, this.origin), {
      method,
      redirect: 'manual',
      headers: { ...(cookie !== '' && { cookie }), ...headers },
      body,
    });
    for (const line of response.headers.getSetCookie()) this.keep(line);
    const html = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      html,
      location: response.headers.get('location') ?? '',
      forms: formsOf(html),
      heading: unescaped(/<h1>(.*?)<\/h1>/s.exec(html)?.[1]?.replace(/<[^>]*>/g, '') ?? ''),
    };
  }

  private keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';');
    const equals = pair.indexOf('=');
    const [name, value] = [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()];
    const isOver = attributes.some((one) => /^\s*(max-age=0|expires=thu, 01 jan 1970)/i.test(one));
    if (isOver || value === '') this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

function formsOf(html: string): PageForm[] {
  return [...html.matchAll(/<form ([^>]*)>(.*?)<\/form>/gs)].map(([, attributes = '', content = '']) => ({
    action: attribute(attributes, 'action'),
    method: attribute(attributes, 'method'),
    fields: Object.fromEntries(
      [...content.matchAll(/<input ([^>]*)>/g)]
        .map(([, input = '']) => input)
        .filter((input) => !/type="(checkbox|radio)"/.test(input) || /\schecked/.test(input))
        .map((input) => [attribute(input, 'name'), attribute(input, 'value')]),
    ),
  }));
}

function attribute(text: string, name: string): string {
  return unescaped(new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(text)?.[1] ?? '');
}

function unescaped(text: string): string {
  const characters: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' };
  return text.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => characters[entity] as string);
}
