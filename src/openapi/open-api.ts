import type { Logger } from '../core/logger.js';
import { describeName, refuseOption } from '../core/options/index.js';
import type { DescribedServer } from '../resource-server/described-server.js';
import { refuseProblems } from '../routing-controllers/audit.js';
import type { PlanCompiler } from '../routing-controllers/compile.js';
import type { ServedPlan } from '../routing-controllers/plan.js';
import { recordedActions } from '../routing-controllers/recorder.js';
import type { OpenApiDocument, OpenApiInfo } from './document.js';
import { documentOf } from './document-of.js';
import type { JsonObject } from './json.js';
import { type OpenApiOptions, readOpenApiInfo, readOpenApiOptions } from './open-api-options.js';

/** What documents are made from; the result of `createOAuth2` is one. */
export interface DocumentedOAuth2 {
  /** @internal */
  readonly documented: {
    readonly server: () => DescribedServer;
    readonly compiler: PlanCompiler;
    readonly logger: Logger;
  };
}

/**
 * Makes the OpenAPI 3.1 document of some controllers, from what routing-controllers knows of their actions and from the very
 * plans that the guard asks. It is the same each time.
 *
 * Bodies and queries are described by the decorators of class-validator if the package `class-validator-jsonschema` is
 * installed, answers by `@Returns`, and `@OpenAPI` of `routing-controllers-openapi` is read if that is installed.
 *
 * @param oauth2 the result of `createOAuth2`
 * @param controllers the classes, in the order in which they are served
 * @param info title and version of the interface, at least
 * @param options how the application serves them, where it differs from the defaults
 * @returns the document
 * @throws ConfigurationError if an action cannot be served, or its requirement has more than 64 alternatives
 *
 * @example
 * ```ts
 * import { Authorized, Get, JsonController } from 'routing-controllers';
 * import { createOAuth2 } from 'routing-controllers-oauth2';
 * import { openApi } from 'routing-controllers-oauth2/openapi';
 *
 * @JsonController('/books')
 * class BookController {
 *   @Authorized('books:read')
 *   @Get('/')
 *   list(): string[] {
 *     return [];
 *   }
 * }
 *
 * const oauth2 = createOAuth2({ database: 'sqlite:.data/shop.sqlite', scopes: { 'books:read': 'See books' } });
 * const document = openApi(oauth2, [BookController], { title: 'Shop', version: '1.0.0' });
 * console.log(JSON.stringify(document, undefined, 2));
 * ```
 */
export function openApi(
  oauth2: DocumentedOAuth2,
  controllers: readonly Function[],
  info: OpenApiInfo,
  options: OpenApiOptions = {},
): OpenApiDocument {
  const { documented } = (oauth2 ?? {}) as Partial<DocumentedOAuth2>;
  if (documented === undefined) refuseOption('openApi', oauth2, 'give the result of createOAuth2');
  const { routePrefix, defaults, ...rest } = readOpenApiOptions('openApi', options);
  const compiled = recordedActions(controllers, {
    ...(routePrefix !== undefined && { routePrefix }),
    ...(defaults !== undefined && { defaults }),
  }).map(({ action, metadata }) => ({ metadata, ...documented.compiler.compile(action) }));
  refuseProblems(compiled.flatMap(({ problem }) => problem ?? []));
  const actions = compiled.flatMap(({ plan, metadata }) => (plan === undefined ? [] : [{ plan, metadata }]));
  return makeDocument(documented, actions, readOpenApiInfo('openApi.info', info), rest);
}

/** @internal Makes a document of actions that are compiled already, with options that are checked already. */
export function makeDocument(
  { server, logger }: DocumentedOAuth2['documented'],
  actions: readonly ServedPlan[],
  info: OpenApiInfo,
  { servers, sessionCookie = 'koa.sess' }: Pick<OpenApiOptions, 'servers' | 'sessionCookie'>,
): OpenApiDocument {
  const source = {
    server: server(),
    info,
    servers: (servers ?? [{ url: '/' }]) as readonly JsonObject[],
    sessionCookie,
  };
  const { document, unreadable } = documentOf(actions, source);
  if (unreadable.length > 0) {
    const names = unreadable.map(({ name }) => describeName(name)).join(', ');
    logger.warn(
      `The OpenAPI document has no schemas for ${names}, as the package class-validator-jsonschema is not installed: npm install class-validator-jsonschema.`,
    );
  }
  return document;
}
