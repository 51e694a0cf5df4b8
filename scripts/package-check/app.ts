import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { createOAuth2 } from 'routing-controllers-oauth2';
import { authorizationServer } from 'routing-controllers-oauth2/authorization-server';

@JsonController()
class GreetingController {
  @Get('/greeting')
  @Authorized('read')
  greet(): { hello: string } {
    return { hello: 'world' };
  }
}

/**
 * Starts the application and tells, in one line of JSON, where it listens, a token that it accepts, and the client that
 * it gives tokens to.
 */
async function main(): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const oauth2 = createOAuth2({
    database: 'sqlite::memory:',
    scopes: { read: 'Read greetings' },
    authorizationServer: authorizationServer({
      issuer: `http://127.0.0.1:${port}`,
      encryptionKeys: [randomBytes(32)],
    }),
  });
  await oauth2.migrate();
  const { application, clientSecret } = await oauth2.applications.create({
    name: 'check',
    grantTypes: ['client_credentials'],
  });
  const { access_token } = await oauth2.tokens.issue({ application, scope: 'read', lifetimeSeconds: 60 });
  server.on('request', oauth2.createKoaServer({ controllers: [GreetingController] }).callback());
  console.log(JSON.stringify({ port, token: access_token, client: `${application.clientId}:${clientSecret}` }));
  process.once('SIGTERM', () => {
    server.close(() => void oauth2.close());
  });
}

void main();
