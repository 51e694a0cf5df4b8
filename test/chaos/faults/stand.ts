import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { bundle } from '../../support/bundle.js';
import { DelayingProxy } from '../../support/delaying-proxy.js';
import { freePort } from '../../support/ports.js';
import { pkce, targetOf, UserAgent } from '../../support/user-agent.js';
import { type Form, post } from './asking.js';
import type { ChaosDatabase } from './databases/database.js';
import { type Client, REDIRECT_URI, type ServerSettings } from './protocol.js';
import { ChaosRedis } from './redis.js';
import { ServerProcess } from './server-process.js';

export interface StandOptions {
  readonly database: () => Promise<ChaosDatabase>;
  readonly databaseDeadlineMilliseconds: number;
  readonly processes?: number;
  /** Whether the processes find their Redis through a Sentinel, and not through a proxy. */
  readonly withSentinel?: boolean;
}

/** Processes of one application with what they share: a database and a Redis of their own, each behind a proxy. */
export class Stand {
  readonly service: Client;
  readonly web: Client;

  private constructor(
    readonly processes: readonly ServerProcess[],
    readonly database: ChaosDatabase,
    readonly databaseProxy: DelayingProxy,
    readonly redis: ChaosRedis,
    clients: { readonly service: Client; readonly web: Client },
    private readonly browser: UserAgent,
    private readonly program: string,
  ) {
    this.service = clients.service;
    this.web = clients.web;
  }

  static async start({
    database: start,
    withSentinel,
    processes: count = 2,
    ...options
  }: StandOptions): Promise<Stand> {
    const [database, redis, program] = await Promise.all([
      start(),
      ChaosRedis.start({ withSentinel }),
      bundle(new URL('server.ts', import.meta.url), 'chaos-server'),
    ]);
    const proxy = await DelayingProxy.start(database.port);
    const ports: number[] = [];
    while (ports.length < count) ports.push(await freePort());
    const shared: Omit<ServerSettings, 'port'> = {
      ...options,
      database: database.urlAt(proxy.port),
      redis: redis.settings,
      issuer: `http://127.0.0.1:${ports[0]}`,
      encryptionKey: randomBytes(32).toString('base64url'),
    };
    const [first, ...others] = ports as [number, ...number[]];
    const one = ServerProcess.start(program, { ...shared, port: first }, true);
    const clients = await one.order('setUp');
    const processes = [one, ...others.map((port) => ServerProcess.start(program, { ...shared, port }))];
    await Promise.all(processes.map((process) => process.listening()));
    const browser = new UserAgent(one.url);
    const stand = new Stand(processes, database, proxy, redis, clients, browser, program);
    // The user signs in once: in one browser, a second sign-in at the same moment would end the first.
    await stand.code();
    return stand;
  }

  /** What a code is exchanged with; the code is new, and the user has signed in. */
  async code(): Promise<Form> {
    const { verifier, challenge } = pkce();
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: this.web.clientId,
      redirect_uri: REDIRECT_URI,
      scope: 'read',
      state: 'a state',
      code_challenge: challenge,
      code_challenge_method: 'S256',
    });
    let visit = await this.browser.get(`/oauth2/authorize?${query}`);
    if (visit.body.includes('name="password"')) {
      visit = await this.browser.submit(visit, { username: 'alice', password: 'ecila' });
    }
    const code = targetOf(visit).searchParams.get('code');
    if (code === null) throw new Error(`There is no code: ${visit.status} ${visit.body}`);
    return { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: REDIRECT_URI };
  }

  /** New tokens of the user. */
  async tokens(): Promise<{ readonly accessToken: string; readonly refreshToken: string }> {
    const [first] = this.processes as [ServerProcess];
    const { status, body } = await post(first, 'token', this.web, await this.code());
    if (status !== 200) throw new Error(`There are no tokens: ${status} ${JSON.stringify(body)}`);
    return { accessToken: String(body.access_token), refreshToken: String(body.refresh_token) };
  }

  async stop(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.kill()));
    await this.databaseProxy.stop();
    await Promise.all([this.database.stop(), this.redis.stop()]);
    await rm(this.program, { force: true });
  }
}
