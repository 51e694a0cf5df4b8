/**
 * Makes sure that what a patch replaces is there. A patch of a method that was renamed would silently do nothing.
 *
 * @param name of the target, for the message
 * @throws Error if a method is missing: the installed oidc-provider is not one that the patch was written for
 */
export function requireMethods(target: object, name: string, methods: readonly string[]): void {
  const missing = methods.find((method) => typeof (target as Record<string, unknown>)[method] !== 'function');
  if (missing === undefined) return;
  throw new Error(
    `The installed oidc-provider has no ${name}.${missing}; install a version that this package supports.`,
  );
}
