import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Context, Middleware } from 'koa';
import { ConfigurationError } from '../core/errors.js';
import {
  type ReadSwaggerUiOptions,
  readSwaggerUiOptions,
  SWAGGER_UI,
  type SwaggerUiOptions,
} from './swagger-ui-options.js';

interface ServedFile {
  readonly type: string;
  readonly content: Buffer;
  readonly tag: string;
}

/**
 * Serves Swagger UI for an OpenAPI document from the package `swagger-ui-dist`, which is optional: a page on which people read
 * what there is, sign in by the code flow with PKCE in a popup, and try operations. It loads nothing from other hosts and runs
 * under a strict Content-Security-Policy. The popup tells the page its answer through `window.opener`, so neither the pages of
 * the authorization server nor this one may cut that off (`Cross-Origin-Opener-Policy`; option `popups`).
 *
 * Use it before the controllers. The page is public, as the document is.
 *
 * @param options where the page is, and the application that signs in
 * @returns the middleware; it passes on everything but its own paths
 * @throws ConfigurationError if `swagger-ui-dist` is not installed, or an option is not known or not valid
 *
 * @example
 * ```ts
 * import Koa from 'koa';
 * import { createOAuth2 } from 'routing-controllers-oauth2';
 * import { swaggerUi } from 'routing-controllers-oauth2/openapi';
 *
 * const oauth2 = createOAuth2({
 *   database: 'sqlite:.data/shop.sqlite',
 *   openApi: { info: { title: 'Shop', version: '1.0.0' } },
 * });
 * const koa = new Koa();
 * koa.use(swaggerUi({ clientId: 'shop-docs', scopes: ['books:read'] }));
 * oauth2.useKoaServer(koa, { controllers: [] }).listen(3000);
 * ```
 */
export function swaggerUi(options: SwaggerUiOptions = {}): Middleware {
  const read = readSwaggerUiOptions(options);
  const files = filesOf(read);
  const fields = fieldsOf(read);
  return async (context, next) => {
    const isAsked = context.method === 'GET' || context.method === 'HEAD';
    if (isAsked && context.path === `${read.path}/`) {
      // What the page loads stands below its path without the slash.
      context.redirect(read.path);
      return;
    }
    const file = isAsked ? files.get(context.path) : undefined;
    if (file === undefined) {
      await next();
      return;
    }
    context.set(fields);
    answer(context, file);
  };
}

function answer(context: Context, { type, content, tag }: ServedFile): void {
  context.status = 200;
  context.type = type;
  context.etag = tag;
  if (context.fresh) context.status = 304;
  else context.body = content;
}

function fieldsOf({ connectTo }: ReadSwaggerUiOptions): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    ["connect-src 'self'", ...connectTo].join(' '),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    'Content-Security-Policy': policy.join('; '),
    'Cache-Control': 'no-cache',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  };
}

/** Everything that is served, by its path; read once. */
function filesOf(options: ReadSwaggerUiOptions): ReadonlyMap<string, ServedFile> {
  const { path } = options;
  const folder = folderOfPackage();
  const packed = (name: string, type: string) =>
    [`${path}/${name}`, served(type, readFileSync(join(folder, name)))] as const;
  return new Map([
    [path, served('text/html', pageOf(options))],
    [`${path}/start.js`, served('text/javascript', startOf(options))],
    packed('swagger-ui-bundle.js', 'text/javascript'),
    packed('swagger-ui.css', 'text/css'),
    packed('favicon-32x32.png', 'image/png'),
    packed('oauth2-redirect.html', 'text/html'),
    packed('oauth2-redirect.js', 'text/javascript'),
  ]);
}

function folderOfPackage(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  } catch {
    throw new ConfigurationError(`${SWAGGER_UI} needs the package swagger-ui-dist: npm install swagger-ui-dist.`);
  }
}

function served(type: string, content: string | Buffer): ServedFile {
  const bytes = Buffer.from(content);
  return { type, content: bytes, tag: `"${createHash('sha256').update(bytes).digest('base64url')}"` };
}

function pageOf({ path, title }: ReadSwaggerUiOptions): string {
  const shown = title.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${shown}</title>
<link rel="icon" type="image/png" href="${path}/favicon-32x32.png">
<link rel="stylesheet" href="${path}/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="${path}/swagger-ui-bundle.js"></script>
<script src="${path}/start.js"></script>
</body>
</html>
`;
}

/** In a file of its own, because the policy allows no script inside the page. */
function startOf({ path, document, clientId, scopes }: ReadSwaggerUiOptions): string {
  const settings = { url: document, dom_id: '#swagger-ui', validatorUrl: null, deepLinking: true };
  const sign = { usePkceWithAuthorizationCodeGrant: true, scopes, ...(clientId !== undefined && { clientId }) };
  return `const ui = SwaggerUIBundle({
  ...${JSON.stringify(settings)},
  oauth2RedirectUrl: location.origin + ${JSON.stringify(`${path}/oauth2-redirect.html`)},
});
ui.initOAuth(${JSON.stringify(sign)});
`;
}
