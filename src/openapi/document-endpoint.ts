import { createHash } from 'node:crypto';
import type { Middleware } from 'koa';
import type { OpenApiDocument } from './document.js';

const FIELDS = {
  'Access-Control-Allow-Origin': '*',
  // It changes with a deployment, and is asked for again by its tag.
  'Cache-Control': 'no-cache',
  'X-Content-Type-Options': 'nosniff',
} as const;

/** Answers `GET` and `HEAD` for a document, which is written once. */
export class DocumentEndpoint {
  private json: string | undefined;
  private tag = '';

  constructor(private readonly path: string) {}

  /** Sets the document; until then, requests for it are passed on. */
  publish(document: OpenApiDocument): void {
    this.json = JSON.stringify(document);
    this.tag = `"${createHash('sha256').update(this.json).digest('base64url')}"`;
  }

  /** Passes on everything else. */
  middleware(): Middleware {
    return async (context, next) => {
      const { json } = this;
      const isAsked = context.path === this.path && (context.method === 'GET' || context.method === 'HEAD');
      if (!isAsked || json === undefined) {
        await next();
        return;
      }
      context.set(FIELDS);
      context.etag = this.tag;
      context.status = 200;
      context.type = 'application/json';
      if (context.fresh) context.status = 304;
      else context.body = json;
    };
  }
}
