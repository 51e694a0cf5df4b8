import { createHash } from 'node:crypto';
import type { Context } from 'koa';
import type { Answer, Outcome } from './application.js';

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 44rem; margin: 0 auto; padding: 2rem 1rem; }
pre { overflow-x: auto; padding: 0.75rem 1rem; border: 1px solid; border-radius: 0.5rem; }
h2 { margin-top: 2rem; font-size: 1.1rem; }
`;

/** No scripts, no frames, nothing from other origins, and only this style. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const LINKS = `<ul>
<li><a href="/demo">Once more</a> (it runs on this machine, where any program could take its place, so you are asked each time)</li>
<li><a href="/oauth2/authorized-applications">Authorized applications</a>: see it, and withdraw it</li>
<li><a href="/oauth2/applications">Your applications</a>: register one of your own</li>
<li><a href="/oauth2/sign-out">Sign out</a></li>
</ul>`;

/** The last page: the code was exchanged, and the token used. */
export function outcomePage(context: Context, { tokens, call }: Outcome): string {
  const title = call === undefined ? 'The code was refused' : 'The demo application got access';
  return page(context, title, [
    '<p>The response belongs to the request of this browser (<code>state</code>), and comes from the server that received it (<code>iss</code>).</p>',
    section('The code was exchanged at <code>POST /oauth2/token</code>, with PKCE', tokens),
    call === undefined ? '' : section('The token was used for <code>GET /api/protected</code>', call),
  ]);
}

/** The last page if access was refused or the response was not in order. */
export function refusalPage(context: Context, error: string, description: string): string {
  return page(context, 'The demo application got no access', [
    `<p><code>${escaped(error)}</code>: ${escaped(description)}</p>`,
  ]);
}

function section(title: string, { status, body }: Answer): string {
  return `<h2>${title}: ${status}</h2>\n<pre>${escaped(JSON.stringify(body, null, 2))}</pre>`;
}

function page(context: Context, title: string, content: readonly string[]): string {
  context.type = 'text/html';
  context.set({
    'Content-Security-Policy': CONTENT_SECURITY_POLICY,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${content.join('\n')}
${LINKS}
</main>
</body>
</html>
`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] as string);
}
