import type { OAuth2 } from 'routing-controllers-oauth2';

const CLIENT_ID = 'demo';

/** Lines to try the application with, with a token that works for an hour. Delete this file when you know your way. */
export async function curlLines({ applications, tokens }: OAuth2, url: string): Promise<string> {
  if ((await applications.findByClientId(CLIENT_ID)) === undefined) {
    await applications.create({ clientId: CLIENT_ID, name: 'Demo', grantTypes: ['client_credentials'] });
  }
  const { access_token: token } = await tokens.issue({ application: CLIENT_ID, scope: 'books:read books:write' });
  return [
    '',
    `curl ${url}/books/count                                   # for everybody`,
    `curl -i ${url}/books                                      # 401: no token`,
    `curl -H 'Authorization: Bearer ${token}' ${url}/books`,
    `curl -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' -d '{"title":"Persuasion"}' ${url}/books`,
  ].join('\n');
}
