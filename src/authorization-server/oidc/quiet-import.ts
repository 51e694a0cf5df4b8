/**
 * oidc-provider prints to the console when it is loaded on a Node.js version that it does not support. These messages
 * are captured for the logger. ES modules are evaluated in the order of their imports: this one is imported before
 * oidc-provider, and `quiet-import-end` after it.
 */
const original = { warn: console.warn, info: console.info };

/** The captured messages. */
export const heldMessages: string[] = [];

console.warn = (...values: unknown[]) => void heldMessages.push(values.map(String).join(' '));
console.info = console.warn;

/** Restores the console. */
export function endQuietImport(): void {
  Object.assign(console, original);
}
