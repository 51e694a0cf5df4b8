/** Controls, line separators, and what changes the direction of writing. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Halves of a character, which no encoding has: each database stores something else for them. */
const LONE_SURROGATE = /\p{Cs}/u;

/** Whether a text can be shown, in one line, as what it is, and stored as it is. */
export function isPrintable(text: string): boolean {
  return text.search(UNPRINTABLE) < 0 && !LONE_SURROGATE.test(text);
}

/** A text for the log, or a terminal, with everything escaped that would break its line, or show it as something else. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\r') return '\\r';
    if (character === '\t') return '\\t';
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
