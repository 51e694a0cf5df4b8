import { LRUCache } from 'lru-cache';

/** Letters that some collations consider equal to others, but the one used here does not. */
const LETTERS: Readonly<Record<string, string>> = {
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  ł: 'l',
  ŧ: 't',
  þ: 'th',
  ŋ: 'n',
  ĸ: 'q',
  ς: 'σ',
  ...{ '৴': '1', '৵': '2', '৶': '3', '৷': '4' },
};

/** Compares like database collations that ignore case and accents (Unicode Collation Algorithm). */
const COLLATION = new Intl.Collator('en', { sensitivity: 'base' });

/** The characters of which others are spellings, in the names of users. */
const PLAIN = [...'abcdefghijklmnopqrstuvwxyz0123456789', 'ae', 'oe', 'th', 'dz'];

/** ⓾, ㉉: numbers that are a single character. */
const NUMBERS = Array.from({ length: 91 }, (_, index) => String(index + 10));
const NUMBER = /^\p{No}$/u;

/** Remembers the results for characters, because each takes several comparisons. */
const asked = new LRUCache<string, string>({ max: 5_000 });

const ASCII = /^[a-z0-9]$/;
/** Modifier letters, such as the tatweel, are ignored by some collations. */
const LETTER_OR_NUMBER = /^(?!\p{Lm}|\p{Default_Ignorable_Code_Point})[\p{L}\p{N}]$/u;
const KATAKANA = /[\u30a1-\u30f6]/;
/** Small kana and final letters of Hebrew; the next code point is the usual form. */
const VARIANT = /[ぁぃぅぇぉっゃゅょゎךםןףץ]/;

/**
 * A common form of all spellings by which a database may find the same user: its collation may ignore case, accents,
 * width and invisible characters, and may consider digits of all scripts equal. The result is coarser than any
 * collation. Names with the same result share a budget, which costs them little; a spelling with another result would
 * have a budget of its own.
 */
export function foldedName(name: string): string {
  const characters = name
    .normalize('NFKD')
    // A combining mark whose upper case is a letter.
    .replaceAll('\u0345', '')
    // Full case folding (ß, ẞ, ﬁ) requires all three steps, and may introduce a decomposition.
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKD');
  let folded = '';
  for (const character of characters) folded += ASCII.test(character) ? character : plain(character);
  // ß equals ss in one collation and s in another.
  return folded.replace(/ss/g, 's');
}

function plain(character: string): string {
  let known = asked.get(character);
  if (known === undefined) {
    const candidates = NUMBER.test(character) ? [...PLAIN, ...NUMBERS] : PLAIN;
    known =
      LETTERS[character] ?? candidates.find((text) => COLLATION.compare(character, text) === 0) ?? other(character);
    asked.set(character, known);
  }
  return known;
}

/** A letter of another script is kept; marks, formatting and control characters, spaces and punctuation are removed. */
function other(character: string): string {
  if (!LETTER_OR_NUMBER.test(character) || COLLATION.compare(character, '') === 0) return '';
  const letter = KATAKANA.test(character) ? shifted(character, -0x60) : character;
  return VARIANT.test(letter) ? shifted(letter, 1) : letter;
}

function shifted(letter: string, by: number): string {
  return String.fromCharCode(letter.charCodeAt(0) + by);
}
