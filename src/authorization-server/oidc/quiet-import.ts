/**
 * oidc-provider writes to the console when it is loaded on a Node.js version that its author does not support. These
 * messages are kept for the logger. ES modules are evaluated in the order of their imports: this one is imported before
 * oidc-provider, and `quiet-import-end` after it.
 */
const original = { warn: console.warn, info: console.info };

/** The messages that were written meanwhile. */
export const heldMessages: string[] = [];

console.warn = (...values: unknown[]) => void heldMessages.push(values.map(String).join(' '));
console.info = console.warn;

/** Gives the console back. */
export function endQuietImport(): void {
  Object.assign(console, original);
}
