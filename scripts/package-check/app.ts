import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { createOAuth2 } from 'routing-controllers-oauth2';

@JsonController()
class GreetingController {
  @Get('/greeting')
  @Authorized('read')
  greet(): { hello: string } {
    return { hello: 'world' };
  }
}

/** Starts the application and tells, in one line of JSON, where it listens and a token that it accepts. */
async function main(): Promise<void> {
  const oauth2 = createOAuth2({ database: 'sqlite::memory:', scopes: { read: 'Read greetings' } });
  await oauth2.migrate();
  const { application } = await oauth2.applications.create({ name: 'check', grantTypes: ['client_credentials'] });
  const { access_token } = await oauth2.tokens.issue({ application, scope: 'read', lifetimeSeconds: 60 });
  const koa = oauth2.createKoaServer({ controllers: [GreetingController] });
  const server = koa.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    console.log(JSON.stringify({ port, token: access_token }));
  });
  process.once('SIGTERM', () => {
    server.close(() => void oauth2.close());
  });
}

void main();
