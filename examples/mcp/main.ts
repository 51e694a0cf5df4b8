import { once } from 'node:events';
import { encryptionKeys } from '../bookstore/encryption-keys.js';
import { Listener } from '../bookstore/listener.js';
import { issuerOf, readSettings } from '../bookstore/settings.js';
import { createApp } from './app.js';

const settings = readSettings({ PORT: '3001', HOST: '127.0.0.1', DATABASE_URL: '.data/mcp.sqlite', ...process.env });
const { keys } = await encryptionKeys(settings);
const stop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
const listener = new Listener();
const url = await listener.listen(settings.port, settings.host);
// Networks besides the public Internet in which documents of agents may be, e.g. `loopback`.
const networks = process.env.DOCUMENT_NETWORKS?.split(',') ?? [];
const { oauth2, koa } = createApp(issuerOf(settings, url), settings.databaseUrl, keys, networks);
await oauth2.migrate();
await oauth2.ready();
listener.serve(koa.callback());
console.log(`MCP endpoint: ${url}/mcp`);
console.log('An MCP client that connects to it signs in as alice with wonderland.');
await stop;
await listener.stop();
await oauth2.close();
