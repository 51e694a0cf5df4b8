import fc, { type Arbitrary } from 'fast-check';

/** What parsers, tables, terminals and pages have stumbled over. */
const NASTY = [
  ...['', ' ', '\0', '\t', '\r\n', '\n', '\u2028', '\ufeff', '\u202e', '\ud800', '\udfff', '\u00e9', '\u{1f600}', 'İ'],
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__', 'then'],
  ...[
    'null',
    'undefined',
    'true',
    'NaN',
    'Infinity',
    '-0',
    '0',
    '1e309',
    '9007199254740993',
    '0x10',
    '[object Object]',
  ],
  ...[
    "' OR '1'='1",
    '"; --',
    '`',
    '\\',
    '\\0',
    '$1',
    '?',
    ':id',
    '%',
    '%00',
    '%zz',
    '%ff%fe',
    '%u0041',
    '+',
    '&',
    '=',
    ';',
    ',',
  ],
  ...[
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    `\${7*7}`,
    '{{7*7}}',
    '<%= 7*7 %>',
    '../../etc/passwd',
  ],
  ...['{}', '[]', '[[[[', '{"a":', '""', '"\\ud800"', '{"__proto__":{"active":true}}', '*', '**', 'a'.repeat(300)],
];
export const nasty: Arbitrary<string> = fc.constantFrom(...NASTY);

/** Long enough for every limit of a field or a column; rare, because it is slow. */
const huge: Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('a', '0', '=', '%', '"', '\\', ',', '[', '{', 'é', '\u{1f600}', ' '),
    fc.integer({ min: 1_000, max: 9_000 }),
  )
  .map(([unit, count]) => unit.repeat(count));

const anything: Arbitrary<string> = fc.string({ unit: 'binary', maxLength: 60 });

type Change = (text: string) => string;

const at = fc.nat({ max: 1_000 });
const change: Arbitrary<Change> = fc.oneof(
  fc.tuple(at, nasty).map(
    ([where, what]): Change =>
      (text) =>
        spliced(text, where, 0, what),
  ),
  fc.tuple(at, fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })).map(
    ([where, what]): Change =>
      (text) =>
        spliced(text, where, 1, what),
  ),
  fc.tuple(at, fc.integer({ min: 1, max: 8 })).map(
    ([where, count]): Change =>
      (text) =>
        spliced(text, where, count, ''),
  ),
  at.map(
    (where): Change =>
      (text) =>
        text.slice(0, where % (text.length + 1)),
  ),
  at.map(
    (where): Change =>
      (text) =>
        text.slice(where % (text.length + 1)),
  ),
  fc.tuple(nasty, fc.boolean()).map(
    ([what, before]): Change =>
      (text) =>
        before ? what + text : text + what,
  ),
  at.map(
    (where): Change =>
      (text) =>
        flipped(text, where),
  ),
  fc.constant<Change>((text) => text + text),
  fc.constant<Change>((text) => text.toUpperCase()),
  fc.constant<Change>((text) => text.toLowerCase()),
  fc.constant<Change>((text) => [...text].reverse().join('')),
  fc.constant<Change>((text) => text.normalize('NFKD')),
  fc.constant<Change>((text) => escapedAll(text)),
  fc.constant<Change>((text) => escapedAll(escapedAll(text))),
  fc.constant<Change>((text) => Buffer.from(text).toString('base64')),
  fc.constant<Change>((text) => `"${text}"`),
  fc.constant<Change>((text) => `[${JSON.stringify(text)}]`),
);

function spliced(text: string, where: number, remove: number, insert: string): string {
  const index = where % (text.length + 1);
  return text.slice(0, index) + insert + text.slice(index + remove);
}

function flipped(text: string, where: number): string {
  if (text === '') return text;
  const index = where % text.length;
  return spliced(text, index, 1, String.fromCharCode(text.charCodeAt(index) ^ (1 << (where % 8))));
}

function escapedAll(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

/** A valid text after some changes; now and then it is none at all, or still valid. */
export function nearly(valid: Arbitrary<string>): Arbitrary<string> {
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .tuple(valid, fc.array(change, { minLength: 1, maxLength: 4 }))
        // What doubles may not grow without end.
        .map(([text, changes]) => changes.reduce((one, apply) => apply(one).slice(0, 20_000), text)),
    },
    { weight: 1, arbitrary: valid },
    { weight: 1, arbitrary: nasty },
    { weight: 2, arbitrary: anything },
  );
}

/** A text for any place. */
export const hostile: Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: nasty },
  { weight: 6, arbitrary: anything },
  { weight: 4, arbitrary: fc.array(nasty, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')) },
  { weight: 1, arbitrary: huge },
);

/** A value for any place: of every type, with prototypes, getters and methods of its own. */
export const hostileValue: Arbitrary<unknown> = fc.oneof(
  hostile,
  fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    maxDepth: 2,
  }),
  fc.constantFrom<unknown>(
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -0,
    2 ** 53,
    -1,
    0.5,
    1e300,
    10n,
    Symbol('s'),
    null,
    undefined,
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Bytes of a header field, one character each: what Node's parser lets through, and sometimes what it does not. */
export function fieldBytes(text: string): string {
  return Buffer.from(text)
    .toString('latin1')
    .replace(/[\r\n]/g, ' ');
}
