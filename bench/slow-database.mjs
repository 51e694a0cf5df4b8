/**
 * What two processes answer when the database answers late: both reach it through a proxy that delays each direction.
 * Without Redis each process keeps tokens for itself, so a revocation is seen by the other one after the stated bound.
 *
 * node bench/slow-database.mjs [delay in ms …]   (default: 0 20 70 200; DATABASE_URL, default mysql://root@127.0.0.1:3306)
 */
import 'reflect-metadata';
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { withFreshDatabase } from './lib/fresh-database.mjs';

const SCOPES = { read: 'Read' };
const AT_ONCE = 50;

if (process.send === undefined) await measureAll();
else await serve(process.argv[2], process.argv[3]);

async function measureAll() {
  const delays = process.argv.slice(2).map(Number);
  await withFreshDatabase(process.env.DATABASE_URL ?? 'mysql://root@127.0.0.1:3306', async (url) => {
    console.log(
      '| delay each way | one cold look-up | 50 cold look-ups at once | warm | issue | revoke | token endpoint | introspection | revocation seen by the other process after |',
    );
    console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- |');
    for (const delay of delays.length > 0 ? delays : [0, 20, 70, 200]) console.log(await measure(url, delay));
  });
}

/** Forwards everything, each chunk after a delay. */
async function delayingProxy(url, milliseconds) {
  const { hostname, port, protocol } = new URL(url);
  const server = createTcpServer((client) => {
    const target = connect(Number(port) || (protocol === 'mysql:' ? 3306 : 5432), hostname);
    for (const [from, to] of [
      [client, target],
      [target, client],
    ]) {
      from.on('data', (data) => setTimeout(() => to.writable && to.write(data), milliseconds));
      from.on('error', () => to.destroy());
      from.on('close', () => setTimeout(() => to.destroy(), milliseconds));
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxied = new URL(url);
  proxied.host = `127.0.0.1:${server.address().port}`;
  return { url: proxied.href, close: () => server.close() };
}

async function measure(url, delay) {
  const proxy = await delayingProxy(url, delay);
  const keys = randomBytes(32).toString('base64url');
  const [first, second] = await Promise.all([startProcess(proxy.url, keys), startProcess(proxy.url, keys)]);
  const issued = await Promise.all(Array.from({ length: AT_ONCE + 4 }, () => first.ask('issue')));
  const tokens = issued.map(({ answer }) => answer);
  const books = (process, token) => timed(() => get(process.port, '/books', { authorization: `Bearer ${token}` }));
  const cold = await books(second, tokens.pop());
  const burst = await Promise.all(tokens.slice(0, AT_ONCE).map((token) => books(second, token)));
  const warm = await books(second, tokens[AT_ONCE - 1]);
  const issue = await first.ask('issue');
  const token = await timed(() => post(first, '/oauth2/token', 'grant_type=client_credentials&scope=read'));
  const introspected = await timed(() => post(first, '/oauth2/introspect', `token=${tokens[AT_ONCE + 1]}`));
  const [spent] = tokens;
  await books(second, spent);
  const revoke = await first.ask('revoke', spent);
  const begin = performance.now();
  while ((await books(second, spent)).status === 200) await new Promise((resolve) => setTimeout(resolve, 5));
  const seen = performance.now() - begin;
  for (const process of [first, second]) process.child.kill();
  proxy.close();
  const shown = ({ status, took }) => `${status === undefined ? '' : `${status}, `}${Math.round(took)} ms`;
  const statuses = [...new Set(burst.map(({ status }) => status))].join('/');
  const slowest = Math.max(...burst.map(({ took }) => took));
  return `| ${delay} ms | ${shown(cold)} | ${statuses}, slowest ${Math.round(slowest)} ms | ${shown(warm)} | ${shown(issue)} | ${shown(revoke)} | ${shown(token)} | ${shown(introspected)} | ${Math.round(seen)} ms |`;
}

async function timed(work) {
  const begin = performance.now();
  const status = await work();
  return { status, took: performance.now() - begin };
}

async function get(port, path, headers) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
  await response.text();
  return response.status;
}

async function post({ port, client }, path, body) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { authorization: `Basic ${client}`, 'content-type': 'application/x-www-form-urlencoded' },
    body,
  });
  await response.text();
  return response.status;
}

async function startProcess(url, keys) {
  const child = fork(fileURLToPath(import.meta.url), [url, keys]);
  const told = () => new Promise((resolve) => child.once('message', resolve));
  const { port, client } = await told();
  let last = Promise.resolve();
  return {
    child,
    port,
    client,
    /** One request at a time: the time is measured inside the process. */
    ask(verb, value) {
      last = last.then(() => {
        child.send({ verb, value });
        return told();
      });
      return last;
    },
  };
}

async function serve(database, keys) {
  const { createOAuth2 } = await import('routing-controllers-oauth2');
  const { authorizationServer } = await import('routing-controllers-oauth2/authorization-server');
  class Books {
    list() {
      return [];
    }
  }
  const method = Object.getOwnPropertyDescriptor(Books.prototype, 'list');
  Authorized('read')(Books.prototype, 'list', method);
  Get()(Books.prototype, 'list', method);
  JsonController('/books')(Books);
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  const oauth2 = createOAuth2({
    database,
    scopes: SCOPES,
    users: { findById: (id) => ({ id }), isActive: () => true },
    logger: { info() {}, warn() {}, error: console.error },
    authorizationServer: authorizationServer({
      issuer: `http://127.0.0.1:${port}`,
      encryptionKeys: [keys],
      authenticate: async () => undefined,
    }),
  });
  await oauth2.migrate();
  const { application, clientSecret } = await oauth2.applications.create({
    name: 'Measured',
    grantTypes: ['client_credentials'],
  });
  server.on('request', oauth2.createKoaServer({ controllers: [Books] }).callback());
  const client = Buffer.from(`${application.clientId}:${clientSecret}`).toString('base64');
  const issue = () => oauth2.tokens.issue({ application: application.clientId, scope: 'read', user: 'alice' });
  process.on('message', async ({ verb, value }) => {
    const begin = performance.now();
    const answer = verb === 'issue' ? (await issue()).access_token : await oauth2.tokens.revoke(value);
    process.send({ answer, took: performance.now() - begin });
  });
  process.send({ port, client });
}
