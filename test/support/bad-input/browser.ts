import type { RawReply } from '../spec/http.js';
import type { InMemoryServer } from './in-memory.js';

const cookiesOf = (reply: RawReply) => reply.fields('set-cookie').map((line) => line.split(';', 1)[0] as string);

/** The hidden fields of the form of a page. */
export const hiddenOf = ({ text }: RawReply): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [name, value]),
  );

export const locationOf = (reply: RawReply) => reply.fields('location').join();

/** A browser with cookies of its own. */
export class Browser {
  private readonly jar = new Map<string, string>();
  /** Where the last answer sent it. */
  location = '';

  constructor(
    private readonly server: InMemoryServer,
    private readonly issuer: string,
    cookies = '',
  ) {
    this.keep(cookies === '' ? [] : cookies.split('; '));
  }

  get cookies(): string {
    return [...this.jar.values()].join('; ');
  }

  get fields(): string[] {
    return [...(this.cookies === '' ? [] : [`Cookie: ${this.cookies}`]), `Origin: ${this.issuer}`];
  }

  /** Visits a page, also one that a redirect leads to. */
  async visit(address: string): Promise<RawReply> {
    const requestLine = `GET ${address.replace(this.issuer, '')}`;
    return this.read(await this.server.send({ requestLine, fields: this.fields }));
  }

  async post(path: string, form: Readonly<Record<string, string>>): Promise<RawReply> {
    return this.read(await this.server.form(path, `${new URLSearchParams(form)}`, this.fields));
  }

  private read(reply: RawReply): RawReply {
    this.keep(cookiesOf(reply));
    this.location = locationOf(reply).replace(this.issuer, '');
    return reply;
  }

  private keep(cookies: readonly string[]): void {
    for (const one of cookies) this.jar.set(one.split('=', 1)[0] as string, one);
  }
}
