/** 22 characters of base64url are 128 bits if they are random; RFC 6749 §10.10 requires as much. */
const SHORTEST = 22;

const GENERATED = /^[A-Za-z0-9+/_.~-]+={0,2}$/;

/** The character classes between which random text alternates. */
const KINDS = [/[a-z]/, /[A-Z]/, /[0-9]/];

/** Words: runs of lower-case letters, optionally with a capital in front, or capitals. */
const WORDS = /[A-Z]?[a-z]{2,}|[A-Z]{3,}/g;

/**
 * How much of a secret may look like words. In random letters and digits about half does, more in short text; in text
 * that people write, nearly all.
 */
const MOST_IN_WORDS = 0.65;
const MOST_IN_WORDS_IF_LONG = 0.75;
const LONG = 40;

/** Random text of 22 characters has about 18 different ones, 32 hexadecimal digits have about 14. */
const LEAST_DIFFERENT = 12;

/**
 * Whether a secret looks generated, so that it cannot be guessed from a fast hash of it: it is long, uses the
 * characters of generators from at least two classes in irregular order, and does not repeat itself. The estimate errs
 * on the safe side: text that a person could have chosen, and occasionally a random text, does not count as generated.
 */
export function isGeneratedSecret(secret: string): boolean {
  if (secret.length < SHORTEST || !GENERATED.test(secret)) return false;
  if (KINDS.filter((kind) => kind.test(secret)).length < 2) return false;
  if (new Set(secret).size < LEAST_DIFFERENT) return false;
  if (repeats(secret)) return false;
  const inWords = (secret.match(WORDS) ?? []).reduce((sum, word) => sum + word.length, 0);
  return inWords <= secret.length * (secret.length < LONG ? MOST_IN_WORDS : MOST_IN_WORDS_IF_LONG);
}

/** Whether much of the text repeats or continues what came before: `secret-1-secret-2`, `0123456789`, `a1b2c3d4`. */
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

/** Whether three characters at this distance are equal or consecutive. */
function isSequence(text: string, start: number, stride: number): boolean {
  const [first, second, third] = [0, 1, 2].map((step) => text.charCodeAt(start + step * stride)) as [
    number,
    number,
    number,
  ];
  const step = second - first;
  return Math.abs(step) <= 1 && third - second === step;
}
