import { type ActionMetadata, getMetadataArgsStorage } from 'routing-controllers';
import { joinedVary } from '../resource-server/authentication/vary.js';

/**
 * Adds the fields that the guard reads to the `@Header('Vary', …)` of an action, which would otherwise overwrite the
 * guard's value.
 *
 * @param fields in the form of `Vary`; empty if the guard names none
 */
export function joinDeclaredVary(metadata: ActionMetadata, fields: string): void {
  const headers = metadata.headers as Record<string, unknown>;
  for (const name of Object.keys(headers)) {
    if (name.toLowerCase() === 'vary' && fields !== '') headers[name] = joinedVary(String(headers[name]), fields);
  }
}

/** Whether any action has a `@Header('Vary', …)`. */
export function isVaryDeclared(): boolean {
  return getMetadataArgsStorage().responseHandlers.some(
    ({ type, value }) => type === 'header' && String(value).toLowerCase() === 'vary',
  );
}
