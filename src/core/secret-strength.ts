/** 22 characters of base64url are 128 bits (RFC 6749 §10.10 asks for that much), if they are random. */
const SHORTEST = 22;

const GENERATED = /^[A-Za-z0-9+/_.~-]+={0,2}$/;

/** The kinds of characters between which random text changes all the time. */
const KINDS = [/[a-z]/, /[A-Z]/, /[0-9]/];

/** As words look: small letters on end, with or without a capital before them, or capitals. */
const WORDS = /[A-Z]?[a-z]{2,}|[A-Z]{3,}/g;

/**
 * How much of a text may look like words. Of random letters and digits about half does, and the more the shorter the text
 * is; of what people make of words nearly all.
 */
const MOST_IN_WORDS = 0.65;
const MOST_IN_WORDS_IF_LONG = 0.75;
const LONG = 40;

/** In random text of 22 characters about 18 are different, in 32 hexadecimal digits about 14. */
const LEAST_DIFFERENT = 12;

/**
 * Whether a secret looks generated, so that it cannot be guessed from a fast hash of it: long, of the characters that
 * generators use, of at least two kinds of them in irregular order, and no repetition of something shorter. It is an
 * estimate that errs to the safe side: what a person could have chosen, and now and then a random text, is none.
 */
export function isGeneratedSecret(secret: string): boolean {
  if (secret.length < SHORTEST || !GENERATED.test(secret)) return false;
  if (KINDS.filter((kind) => kind.test(secret)).length < 2) return false;
  if (new Set(secret).size < LEAST_DIFFERENT) return false;
  if (repeats(secret)) return false;
  const inWords = (secret.match(WORDS) ?? []).reduce((sum, word) => sum + word.length, 0);
  return inWords <= secret.length * (secret.length < LONG ? MOST_IN_WORDS : MOST_IN_WORDS_IF_LONG);
}

/** Whether much of it was there before, or goes on by one: `secret-1-secret-2`, `0123456789`, `a1b2c3d4`. */
function repeats(secret: string): boolean {
  const seen = new Set<string>();
  let again = 0;
  for (let index = 0; index + 3 <= secret.length; index += 1) {
    const part = secret.slice(index, index + 3);
    if (seen.has(part) || isSequence(secret, index, 1) || isSequence(secret, index, 2)) again += 1;
    seen.add(part);
  }
  return again > (secret.length - 2) / 4;
}

/** Whether three characters, this far from each other, are equal or follow on each other. */
function isSequence(text: string, start: number, stride: number): boolean {
  const [first, second, third] = [0, 1, 2].map((step) => text.charCodeAt(start + step * stride)) as [
    number,
    number,
    number,
  ];
  const step = second - first;
  return Math.abs(step) <= 1 && third - second === step;
}
