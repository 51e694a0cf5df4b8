import 'reflect-metadata';
import { inspect } from 'node:util';
import type Koa from 'koa';
import { Authorized, Get, JsonController, Post } from 'routing-controllers';
import { createOAuth2, type OAuth2, type OAuth2Options } from '../../../src/public/index.js';
import type { RawReply } from '../spec/http.js';
import { InMemoryServer, type RawCall } from './in-memory.js';
import { Observed, Secrets } from './secrecy.js';

/** Its actions want the scope `read`. */
@JsonController()
export class BookController {
  @Authorized('read')
  @Get('/books')
  list(): object {
    return { read: true };
  }

  @Authorized('read')
  @Post('/books')
  add(): object {
    return { read: true };
  }
}

/** An API in memory whose actions want the scope `read`, and two of its tokens. */
export class GuardedBooks {
  readonly observed = new Observed();
  /** Has the scope. */
  good = '';
  /** Has another one. */
  narrow = '';
  private readonly events: string[] = [];
  private oauth2: OAuth2 | undefined;
  private server: InMemoryServer | undefined;
  private secrets = new Secrets([]);

  async start(options: Partial<OAuth2Options> = {}, before: (koa: Koa) => void = () => {}): Promise<void> {
    this.observed.start();
    const oauth2 = createOAuth2({
      database: ':memory:',
      scopes: { read: 'Read', write: 'Write' },
      logger: this.observed.logger,
      throttling: { failedAuthentication: null },
      users: { findById: (id: string) => (id === 'alice' ? { id } : undefined), isActive: () => true },
      ...options,
    });
    this.oauth2 = oauth2;
    await oauth2.migrate();
    const { application } = await oauth2.applications.create({ name: 'Shop', grantTypes: ['client_credentials'] });
    const issue = async (scope: 'read' | 'write') =>
      (await oauth2.tokens.issue({ application: application.clientId, scope })).access_token;
    this.good = await issue('read');
    this.narrow = await issue('write');
    // The prefix of all tokens is no secret.
    this.keepSecret(this.good.slice(4), this.narrow.slice(4));
    for (const name of ['access.granted', 'access.refused', 'token.verified'] as const) {
      oauth2.events.on(name, (event: object) => void this.events.push(inspect(event, { depth: 5 })));
    }
    const koa = oauth2.createKoaServer({ controllers: [BookController] });
    koa.silent = true;
    // What stands before the guards, e.g. sessions, has to be the first middleware.
    const rest = koa.middleware.splice(0);
    before(koa);
    koa.middleware.push(...rest);
    this.server = new InMemoryServer(koa.callback());
  }

  keepSecret(...texts: string[]): void {
    this.secrets = new Secrets(texts);
  }

  /** @throws Error if it is a 5xx, or the answer, a log line or an event holds a part of a token */
  async send(call: RawCall): Promise<RawReply> {
    if (this.server === undefined) throw new Error('It runs only after start().');
    const reply = await this.server.send(call);
    if (!(reply.status >= 200 && reply.status < 500)) throw new Error(`${reply.status}: ${reply.text}`);
    this.secrets.expectNone(reply.text + reply.fields('www-authenticate').join('\n'), 'the answer');
    this.secrets.expectNone(this.observed.take(), 'the log');
    this.secrets.expectNone(this.events.splice(0).join('\n'), 'an event');
    return reply;
  }

  async close(): Promise<void> {
    this.observed.stop();
    this.server?.close();
    await this.oauth2?.close();
  }
}
