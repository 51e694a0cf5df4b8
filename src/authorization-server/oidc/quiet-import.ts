/**
 * oidc-provider writes to the console when it is loaded on a Node.js that its author does not support. What it says is
 * kept for the logger. ES modules are evaluated in the order of their imports: this one comes before it, and
 * `console-released` after it.
 */
const original = { warn: console.warn, info: console.info };

/** What was said meanwhile. */
export const heldMessages: string[] = [];

console.warn = (...parts: unknown[]) => void heldMessages.push(parts.map(String).join(' '));
console.info = console.warn;

/** Gives the console back. */
export function releaseConsole(): void {
  Object.assign(console, original);
}
