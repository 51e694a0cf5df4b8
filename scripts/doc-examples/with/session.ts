import type { Context } from 'koa';

declare module 'koa' {
  interface DefaultContext {
    session: { userId?: string; authenticatedAtMilliseconds?: number } | null;
  }
}

declare const context: Context;
declare const id: string;
declare const user: { readonly id: string };
declare const usedSecondFactor: (context: Context) => boolean;
declare const render: (template: string, model: object) => string;
