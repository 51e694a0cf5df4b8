/** What a token's issuer says in it or of it, by name; frozen to its depth. */
export type Claims = Readonly<Record<string, unknown>>;

export const NO_CLAIMS: Claims = Object.freeze({});

/**
 * Freezes JSON to its depth: all requests with a token share its claims. Without recursion, since a caller decides how deep
 * they are nested.
 */
export function freezeClaims(claims: Claims): Claims {
  const left: object[] = [claims];
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    if (Object.isFrozen(value)) continue;
    Object.freeze(value);
    for (const member of Object.values(value)) if (typeof member === 'object' && member !== null) left.push(member);
  }
  return claims;
}

/** For each member beside its own characters: a pointer or two, and the header of a string. */
const MEMBER_CHARACTERS = 16;

/** About how many characters claims take in memory. Without recursion, as above. */
export function charactersOf(claims: Claims): number {
  if (claims === NO_CLAIMS) return 0;
  let characters = 0;
  const left: object[] = [claims];
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    for (const [name, member] of Object.entries(value)) {
      characters += MEMBER_CHARACTERS + name.length;
      if (typeof member === 'string') characters += member.length;
      else if (typeof member === 'object' && member !== null) left.push(member);
    }
  }
  return characters;
}
