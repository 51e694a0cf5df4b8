/** The claims of a token by name, as its issuer states them; deeply frozen. */
export type Claims = Readonly<Record<string, unknown>>;

export const NO_CLAIMS: Claims = Object.freeze({});

/**
 * Deeply freezes JSON, because all requests with a token share its claims. Not recursive, since the caller determines
 * how deeply they are nested.
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

/** The cost of each member besides its characters: one or two pointers, and the header of a string. */
const MEMBER_CHARACTERS = 16;

/** The approximate number of characters that claims occupy in memory. Not recursive either. */
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
