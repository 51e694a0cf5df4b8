/** Users of all tokens; the tokens of one are this far apart. */
export const USERS = 1000;

/** The user of the token at this place: as many characters for each, so that all JWTs have one length. */
export function userAt(index) {
  return `u${1000 + (index % USERS)}`;
}
