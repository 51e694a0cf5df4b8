import type { ActionReference } from './action-reference.js';
import { isMarked } from './declarations.js';
import { type DeclaredPlace, requiresSomething } from './declared-places.js';
import { paramsMetadata } from './fast/metadata-index.js';

/**
 * Whether a declaration that matters for an action is on an ancestor, which the entry of routing-controllers ignores,
 * and is not repeated where it looks. A decorator of this package on the method itself leads the checker to all
 * declarations; an `@Authorized` there covers only itself.
 */
export function inheritsUnseen(
  { controller, method, needsUser }: ActionReference,
  places: readonly DeclaredPlace[],
  isPublic: boolean,
): boolean {
  if (isMarked(controller, method)) return false;
  // routing-controllers drops the parameters of an inherited method, and with them a `@CurrentUser({ required: true })`.
  if (needsUser && paramsMetadata.of(controller, method).length === 0) return true;
  const seen = places.filter(({ depth }) => depth === 0);
  return places.some((place) => !isRepeated(place, seen, isPublic));
}

function isRepeated(place: DeclaredPlace, seen: readonly DeclaredPlace[], isPublic: boolean): boolean {
  const throttles = new Set(seen.flatMap((one) => one.throttles));
  if (!place.throttles.every((one) => throttles.has(one))) return false;
  // If the action is public, requirements elsewhere are lifted; if not, a `@Public()` has no effect.
  if (isPublic) return !place.isPublic || seen.some((one) => one.isPublic);
  if (!requiresSomething(place)) return true;
  if (place.authorized?.length === 0 && !seen.some(needsPrincipal)) return false;
  const parts = new Set(seen.flatMap(partsOf));
  return seen.some(requiresSomething) && partsOf(place).every((part) => parts.has(part));
}

/** Whether a place lets no anonymous caller in: by a bare `@Authorized()` or by scopes, whatever its permissions say. */
function needsPrincipal({ authorized }: DeclaredPlace): boolean {
  if (authorized === undefined) return false;
  return authorized.length === 0 || authorized.some((part) => typeof part === 'string' || Array.isArray(part));
}

/** The parts of a requirement, in a form that can be compared with those of another place. */
function partsOf({ authorized = [], requiredScopes }: DeclaredPlace): unknown[] {
  // Alternatives are compared as a whole: one of them alone is another requirement.
  const alternatives = authorized.filter(Array.isArray);
  return [
    ...authorized.filter((part) => !Array.isArray(part)),
    ...(alternatives.length > 0 ? [`@Authorized ${JSON.stringify(alternatives)}`] : []),
    // Even without scopes it requires a token.
    ...(requiredScopes === undefined
      ? []
      : ['@RequiredScopes', ...requiredScopes.map((one) => `@RequiredScopes ${one}`)]),
  ];
}
