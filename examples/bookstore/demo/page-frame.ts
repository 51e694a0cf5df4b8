import type { Context } from 'koa';
import { CONTENT_SECURITY_POLICY, STYLE } from './page-style.js';

/** Where the header of every page leads: the place for links to what else the bookstore serves. */
const LINKS: readonly (readonly [path: string, name: string])[] = [
  ['/', 'Bookstore'],
  ['/oauth2/authorized-applications', 'Authorized applications'],
  ['/oauth2/applications', 'Your applications'],
  ['/oauth2/sign-out', 'Sign out'],
];

/**
 * A page of the example, with the header fields that it needs.
 *
 * @param content HTML, in which everything foreign is escaped
 */
export function page(context: Context, title: string, content: readonly string[]): string {
  context.type = 'text/html';
  context.set({
    'Content-Security-Policy': CONTENT_SECURITY_POLICY,
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
  });
  const links = LINKS.map(([path, name]) => {
    const current = path === context.path ? ' aria-current="page"' : '';
    return `<li><a href="${path}"${current}>${name}</a></li>`;
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
<a class="skip" href="#content">Skip to the content</a>
<header>
<nav aria-label="Bookstore"><ul>
${links.join('\n')}
</ul></nav>
</header>
<main id="content" tabindex="-1">
<h1>${title}</h1>
${content.join('\n')}
</main>
</body>
</html>
`;
}
