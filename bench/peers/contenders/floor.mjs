/** The same answer and nothing else: what the HTTP server, and Koa, cost by themselves. */
import Koa from 'koa';
import { listen } from './shared/listen.mjs';

export function http() {
  return listen((_request, response) => {
    const body = JSON.stringify({ ok: true, user: 'u1000' });
    response.writeHead(200, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': Buffer.byteLength(body),
    });
    response.end(body);
  });
}

export function koa() {
  const app = new Koa();
  app.use((context) => {
    context.body = { ok: true, user: 'u1000' };
  });
  return listen(app.callback());
}
