/** One of several processes with a guarded action; times are those of the monotonic clock that all processes share. */
import 'reflect-metadata';
import { Agent, createServer, get } from 'node:http';
import { createOAuth2 } from 'routing-controllers-oauth2';
import { controllerOf } from '../lib/controller.mjs';

const PAUSE_MILLISECONDS = 2;
const { url, redis, keyPrefix } = JSON.parse(process.argv[2]);
const oauth2 = createOAuth2({ database: url, redis, keyPrefix, throttling: { failedAuthentication: null } });
await oauth2.ready();
const server = createServer(oauth2.createKoaServer({ controllers: [controllerOf({ scope: 'read' })] }).callback());
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const agent = new Agent({ keepAlive: true });

const VERBS = {
  async issue() {
    const { access_token: token } = await oauth2.tokens.issue({ application: 'application-5', scope: 'read' });
    await statusFor(token);
    return token;
  },
  async watch(token) {
    const status = await statusFor(token);
    if (status !== 200) throw new Error(`A token that was just issued got ${status}.`);
    void untilRefused(token).then((refused) => process.send(refused));
    return 'watching';
  },
  async revoke(token) {
    await oauth2.tokens.revoke(token);
    return String(process.hrtime.bigint());
  },
};
process.on('message', async ({ verb, token }) => process.send(await VERBS[verb](token)));
process.send('ready');

async function untilRefused(token) {
  for (;;) {
    if ((await statusFor(token)) === 401) return String(process.hrtime.bigint());
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
  }
}

function statusFor(token) {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    get({ port: server.address().port, host: '127.0.0.1', path: '/hello', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    }).on('error', reject);
  });
}
