import type Koa from 'koa';
import type { Context } from 'koa';

/** The contexts of an application's requests. */
export function contextsOf(koa: Koa): Context[] {
  const contexts: Context[] = [];
  const creating = koa as unknown as { createContext(...parameters: unknown[]): Context };
  const { createContext } = creating;
  creating.createContext = function noted(this: Koa, ...parameters) {
    const context = createContext.apply(this, parameters);
    contexts.push(context);
    return context;
  };
  return contexts;
}
