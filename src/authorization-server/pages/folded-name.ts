import { LRUCache } from 'lru-cache';

/** Letters that some collations take for others, and the one at hand here does not. */
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

/** Compares as the collations of databases do that see neither case nor accents (Unicode Collation Algorithm). */
const COLLATION = new Intl.Collator('en', { sensitivity: 'base' });

/** What a character can be another spelling of, as far as the names of users go. */
const PLAIN = [...'abcdefghijklmnopqrstuvwxyz0123456789', 'ae', 'oe', 'th', 'dz'];

/** ⓾, ㉉: numbers that are one character. */
const NUMBERS = Array.from({ length: 91 }, (_, index) => String(index + 10));
const NUMBER = /^\p{No}$/u;

/** What the collation says of a character, which it takes some comparisons to find out. */
const asked = new LRUCache<string, string>({ max: 5_000 });

const ASCII = /^[a-z0-9]$/;
/** Letters that modify others, such as the tatweel, are nothing to some collations. */
const LETTER_OR_NUMBER = /^(?!\p{Lm}|\p{Default_Ignorable_Code_Point})[\p{L}\p{N}]$/u;
const KATAKANA = /[\u30a1-\u30f6]/;
/** Small kana and final letters of Hebrew, each of which has its usual form behind it. */
const VARIANT = /[ぁぃぅぇぉっゃゅょゎךםןףץ]/;

/**
 * One text for all spellings by which a database may find the same user: its collation need not see case, accents, width,
 * or characters that are not shown, and it may take digits of all scripts for the same. This is coarser than collations
 * are. Names that it takes for one share a budget, which costs them little; a spelling that it took for another name
 * would have a budget of its own.
 */
export function foldedName(name: string): string {
  const characters = name
    .normalize('NFKD')
    // A mark that becomes a letter as a capital.
    .replaceAll('\u0345', '')
    // Full case folding (ß, ẞ, ﬁ) is what is left after all three; a decomposition may come with it.
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKD');
  let folded = '';
  for (const character of characters) folded += ASCII.test(character) ? character : plain(character);
  // ß is ss to one collation and s to another.
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

/** A letter of another script is itself; marks, formatting and control characters, spaces and punctuation are nothing. */
function other(character: string): string {
  if (!LETTER_OR_NUMBER.test(character) || COLLATION.compare(character, '') === 0) return '';
  const letter = KATAKANA.test(character) ? shifted(character, -0x60) : character;
  return VARIANT.test(letter) ? shifted(letter, 1) : letter;
}

function shifted(letter: string, by: number): string {
  return String.fromCharCode(letter.charCodeAt(0) + by);
}
