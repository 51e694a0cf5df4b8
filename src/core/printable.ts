/** Control characters, line separators, and characters that change the direction of writing. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Halves of a surrogate pair. They cannot be encoded, and each database stores something else for them. */
const LONE_SURROGATE = /\p{Cs}/u;

/** Whether a string can be shown in one line without being misread, and stored unchanged. */
export function isPrintable(text: string): boolean {
  return text.search(UNPRINTABLE) < 0 && !LONE_SURROGATE.test(text);
}

/** A string for a log or a terminal; characters that would break the line or disguise the text are escaped. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\r') return '\\r';
    if (character === '\t') return '\\t';
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
