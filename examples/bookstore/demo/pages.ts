import type { Context } from 'koa';
import type { Answer, Outcome } from './application.js';
import { escaped } from './html.js';
import { page } from './page-frame.js';

const LINKS = `<ul>
<li><a href="/demo">Once more</a> (it runs on this machine, where any program could take its place, so you are asked each time)</li>
<li><a href="/oauth2/authorized-applications">See it among the authorized applications</a>, and withdraw it</li>
</ul>`;

/** The last page: the code was exchanged, and the token used. */
export function outcomePage(context: Context, { tokens, call }: Outcome): string {
  const title = call === undefined ? 'The code was refused' : 'The demo application got access';
  return page(context, title, [
    '<p>The response belongs to the request of this browser (<code>state</code>), and comes from the server that received it (<code>iss</code>).</p>',
    section('The code was exchanged at <code>POST /oauth2/token</code>, with PKCE', tokens),
    call === undefined ? '' : section('The token was used for <code>GET /api/protected</code>', call),
    LINKS,
  ]);
}

/** The last page if access was refused or the response was not in order. */
export function refusalPage(context: Context, error: string, description: string): string {
  return page(context, 'The demo application got no access', [
    `<p><code>${escaped(error)}</code>: ${escaped(description)}</p>`,
    LINKS,
  ]);
}

function section(title: string, { status, body }: Answer): string {
  return `<section><h2>${title}: ${status}</h2>\n<pre>${escaped(JSON.stringify(body, null, 2))}</pre></section>`;
}
