import 'reflect-metadata';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createOAuth2 } from 'routing-controllers-oauth2';
import { BookController } from './book-controller.js';
import { curlLines } from './demo.js';
import { options } from './options.js';

const oauth2 = createOAuth2(options);
await oauth2.migrate(); // in production, run `npx rc-oauth2 migrate` once per deployment instead
await oauth2.ready();

const koa = oauth2.createKoaServer({ controllers: [BookController] });
const server = createServer(koa.callback());
// Before anybody is told that it listens.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close(() => void oauth2.close());
    server.closeIdleConnections();
  });
}

const host = process.env.HOST ?? '127.0.0.1';
server.listen(Number(process.env.PORT ?? 3000), host);
await once(server, 'listening');

const url = `http://${host}:${(server.address() as AddressInfo).port}`;
console.log(`Listening on ${url}`);
if (process.env.NODE_ENV !== 'production' && host === '127.0.0.1') console.log(await curlLines(oauth2, url));
