import type { ActionReference } from './action-reference.js';
import { ownDeclarations } from './declarations.js';
import { type DeclaredPlace, requiresSomething } from './declared-places.js';

/**
 * Whether something that decides on an action stands where routing-controllers' own entry does not look, on ancestors,
 * and is not repeated where it looks. A decorator of this package on the method itself leads the checker to all of it; an
 * `@Authorized` there stands for itself alone.
 */
export function inheritsUnseen(
  { controller, method }: ActionReference,
  places: readonly DeclaredPlace[],
  isPublic: boolean,
): boolean {
  if (Object.keys(ownDeclarations(controller, method)).length > 0) return false;
  const seen = places.filter(({ depth }) => depth === 0);
  return places.some((place) => place.depth > 0 && !isRepeated(place, seen, isPublic));
}

function isRepeated(place: DeclaredPlace, seen: readonly DeclaredPlace[], isPublic: boolean): boolean {
  const throttles = new Set(seen.flatMap((one) => one.throttles));
  if (!place.throttles.every((one) => throttles.has(one))) return false;
  // Where the action is public, what is required somewhere is lifted; where it is not, a @Public() decides nothing.
  if (isPublic) return !place.isPublic || seen.some((one) => one.isPublic);
  if (!requiresSomething(place)) return true;
  const parts = new Set(seen.flatMap(partsOf));
  return seen.some(requiresSomething) && partsOf(place).every((part) => parts.has(part));
}

/** What a place requires, each part so that it can be found among those of another. */
function partsOf({ authorized = [], requiredScopes = [] }: DeclaredPlace): unknown[] {
  // Alternatives hold together only: one of them alone is another requirement.
  const alternatives = authorized.filter(Array.isArray);
  return [
    ...authorized.filter((part) => !Array.isArray(part)),
    ...(alternatives.length > 0 ? [`@Authorized ${JSON.stringify(alternatives)}`] : []),
    ...requiredScopes.map((scope) => `@RequiredScopes ${scope}`),
  ];
}
