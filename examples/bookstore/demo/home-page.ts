import type { Context } from 'koa';
import type { ActionSummary } from 'routing-controllers-oauth2';
import { escaped } from './html.js';
import { page } from './page-frame.js';

/** What the page shows. */
export interface HomeModel {
  readonly actions: readonly ActionSummary[];
  /** Commands with tokens that work; `undefined`: whoever sees the page is elsewhere. */
  readonly lines: readonly string[] | undefined;
}

const SIGN_IN = `<section>
<h2>Sign in, and give an application access</h2>
<p><code>alice</code> has the password <code>wonderland</code>, and is staff. <code>bob</code> has <code>builder</code>.
The demo application asks for a token of yours, and shows what it gets with it.</p>
<p><a class="button" href="/demo">Try the demo application</a></p>
<ul>
<li><a href="/oauth2/sign-in">Sign in</a> without an application</li>
<li><a href="/oauth2/authorized-applications">Authorized applications</a>: see them, and withdraw what they may do</li>
<li><a href="/oauth2/applications">Your applications</a>: register one of your own</li>
<li><a href="/oauth2/device">Connect a device</a> that shows a code</li>
<li><a href="/oauth2/staff/overview">Overview for staff</a>: of the last hour and day</li>
</ul>
</section>`;

const DOCUMENTS = `<section>
<h2>For programs</h2>
<ul>
<li><a href="/.well-known/openid-configuration">The authorization server</a>, as OpenID Connect describes it</li>
<li><a href="/.well-known/oauth-protected-resource">The protected resource</a>: its scopes, and who issues its tokens</li>
<li><a href="/health/ready">Whether this process can decide on requests</a></li>
</ul>
</section>`;

/** `GET /`: what there is, and how to try it. */
export function homePage(context: Context, { actions, lines }: HomeModel): string {
  return page(context, 'Bookstore', [
    `<p>An API with every kind of guard, and an authorization server in the same process. Without a token, most of it answers with 401.</p>`,
    SIGN_IN,
    tryIt(lines),
    table(actions),
    DOCUMENTS,
  ]);
}

function tryIt(lines: readonly string[] | undefined): string {
  const content =
    lines === undefined
      ? '<p>Open this page on the machine on which the bookstore runs, and it shows commands with tokens that work. They are printed at its start, too.</p>'
      : `<p>Paste these into a shell. The tokens work for half an hour at least, and are shown on this machine only.</p>\n${commands(lines)}`;
  return `<section>\n<h2>Try it with curl</h2>\n${content}\n</section>`;
}

/** A comment is the heading of the commands that follow. */
function commands(lines: readonly string[]): string {
  const parts: string[] = [];
  let block: string[] = [];
  const end = () => {
    // It can be scrolled, so the keyboard has to reach it.
    if (block.length > 0) parts.push(`<pre><code>${escaped(block.join('\n'))}</code></pre>`);
    block = [];
  };
  for (const line of lines) {
    if (!line.startsWith('# ')) {
      block.push(line);
      continue;
    }
    end();
    const heading = line.slice(2);
    parts.push(`<h3>${escaped(heading.charAt(0).toUpperCase() + heading.slice(1))}</h3>`);
  }
  end();
  return parts.join('\n');
}

function table(actions: readonly ActionSummary[]): string {
  const byPath = [...actions].sort((one, other) => one.path.localeCompare(other.path));
  const rows = byPath.map(
    ({ method, path, requirement, throttles, public: isPublic }) =>
      `<tr><td><code>${escaped(method)}</code></td><td><code>${escaped(path)}</code></td><td>${isPublic ? 'nothing: public' : escaped(requirement)}</td><td>${escaped(throttles.join(', ')) || 'no limit'}</td></tr>`,
  );
  return `<section>
<h2 id="actions">What there is</h2>
<div class="scroll" role="region" aria-labelledby="actions" tabindex="0">
<table>
<thead><tr><th scope="col">Method</th><th scope="col">Path</th><th scope="col">Requires</th><th scope="col">Limit</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
</div>
</section>`;
}
