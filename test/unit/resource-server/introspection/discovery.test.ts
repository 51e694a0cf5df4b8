import { expect, test } from '@jest/globals';
import * as oauth from 'oauth4webapi';
import { IntrospectionEndpoint } from '../../../../src/resource-server/verifiers/introspection/introspection-endpoint.js';
import { readIntrospectionOptions } from '../../../../src/resource-server/verifiers/introspection/introspection-options.js';

const ISSUER = 'https://as.example';
const json = { headers: { 'content-type': 'application/json' } };

/** Asks about a token; what the metadata names as the endpoint is all that differs. Resolves to the URLs that were asked. */
async function urlsAsked(endpoint: string): Promise<string[]> {
  const settings = readIntrospectionOptions({ issuer: ISSUER, clientId: 'api', clientSecret: 'secret' });
  const urls: string[] = [];
  const asked = new IntrospectionEndpoint(settings, Promise.resolve(oauth), async (url) => {
    urls.push(url);
    const answer = url.includes('/.well-known/')
      ? { issuer: ISSUER, introspection_endpoint: endpoint }
      : { active: false };
    return new Response(JSON.stringify(answer), json);
  });
  await asked.ask('token', Date.now()).catch(() => undefined);
  return urls.filter((url) => !url.includes('/.well-known/'));
}

test('[RS-13 RFC 8414 §2] the metadata of a remote server send no token to a service of this machine', async () => {
  expect(await urlsAsked(`${ISSUER}/introspect`)).toEqual([`${ISSUER}/introspect`]);
  for (const host of ['127.0.0.1:8500', 'localhost', '[::1]']) expect(await urlsAsked(`http://${host}/v1`)).toEqual([]);
});
