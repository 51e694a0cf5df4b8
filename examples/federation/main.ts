import { once } from 'node:events';
import { encryptionKeys } from '../bookstore/encryption-keys.js';
import { Listener } from '../bookstore/listener.js';
import { readSettings } from '../bookstore/settings.js';
import { createHost, redirectUriOf } from './host.js';
import { createProvider, registerHost } from './provider.js';

const stop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);

/** Both servers are of this machine only, each with a database of its own. */
async function listen(port: string, databaseUrl: string) {
  const settings = readSettings({ PORT: port, DATABASE_URL: databaseUrl });
  const listener = new Listener();
  const issuer = await listener.listen(settings.port, '127.0.0.1');
  return { listener, issuer, database: databaseUrl, encryptionKeys: (await encryptionKeys(settings)).keys };
}

const { PORT = '3002', PROVIDER_PORT = '3003', DATA_FOLDER = '.data' } = process.env;
const ofProvider = await listen(PROVIDER_PORT, `${DATA_FOLDER}/federation-provider.sqlite`);
const ofHost = await listen(PORT, `${DATA_FOLDER}/federation.sqlite`);

const provider = createProvider(ofProvider);
await provider.oauth2.migrate();
const registration = await registerHost(provider, redirectUriOf(ofHost.issuer));
await provider.oauth2.ready();
ofProvider.listener.serve(provider.createApp().callback());

const host = createHost({
  ...ofHost,
  provider: { name: 'Another provider', issuer: ofProvider.issuer, ...registration },
});
await host.prepareDatabase();
await host.oauth2.ready();
ofHost.listener.serve(host.createApp().callback());

console.log(`The provider is at ${ofProvider.issuer}`);
console.log(`The bookstore is at ${ofHost.issuer}`);
console.log('Sign in as alice with alice. erin is new to the bookstore; mallory has claimed the address of alice.');
await stop;
await Promise.all([ofHost.listener.stop(), ofProvider.listener.stop()]);
await Promise.all([host.oauth2.close(), provider.oauth2.close()]);
