/** Letters that have no decomposition, and that databases take for others all the same (MySQL's `ai_ci` collations). */
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
};
const LETTER = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'g');

/** Marks, formatting and control characters, spaces, punctuation, and the letters that are not shown. */
const LEFT_OUT = /[^\p{L}\p{N}]|\p{Default_Ignorable_Code_Point}/gu;

const KATAKANA = /[\u30a1-\u30f6]/g;

/**
 * One text for all spellings by which a database may find the same user: its collation need not see case, accents, width
 * or characters that are not shown. It is coarser than any collation. Names that it takes for one share a budget, which
 * costs them little; a spelling that it takes for another name would have a budget of its own.
 */
export function foldedName(name: string): string {
  return (
    name
      .normalize('NFKD')
      // Full case folding (ß, ﬁ) is what is left after both; a decomposition may come with it.
      .toUpperCase()
      .toLowerCase()
      .normalize('NFKD')
      .replace(LEFT_OUT, '')
      .replace(LETTER, (letter) => LETTERS[letter] as string)
      .replace(KATAKANA, (kana) => String.fromCharCode(kana.charCodeAt(0) - 0x60))
      // ß is ss to one collation and s to another.
      .replace(/ss/g, 's')
  );
}
