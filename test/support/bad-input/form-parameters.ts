import fc, { type Arbitrary } from 'fast-check';
import { hostile, nearly } from './texts.js';

/** The good parameters of a form. */
export type Good = Readonly<Record<string, string | (() => string)>>;

/** The parameters of a form: good ones, of which some are changed, repeated or left out, and some that nobody knows. */
export function parameters(good: Good): Arbitrary<string> {
  const names = Object.keys(good);
  const value = (name: string) => {
    const one = good[name];
    return fc.constant(null).map(() => (typeof one === 'function' ? one() : (one ?? '')));
  };
  const list = names.map((name) =>
    fc.oneof(
      { weight: 20, arbitrary: value(name).map((text) => [[name, text]]) },
      { weight: 2, arbitrary: nearly(value(name)).map((text) => [[name, text]]) },
      { weight: 1, arbitrary: hostile.map((text) => [[name, text]]) },
      { weight: 1, arbitrary: fc.tuple(value(name), hostile).map((both) => both.map((text) => [name, text])) },
      { weight: 1, arbitrary: hostile.map((text) => [[`${name}[${text.slice(0, 20)}]`, text]]) },
      { weight: 1, arbitrary: fc.constant<string[][]>([]) },
    ),
  );
  const unknown = fc.oneof(
    { weight: 4, arbitrary: fc.constant<string[][]>([]) },
    { weight: 1, arbitrary: fc.tuple(hostile, hostile).map((pair) => [pair as string[]]) },
  );
  const encoded = fc
    .tuple(fc.tuple(...list), unknown)
    .map(([some, more]) =>
      [...some.flat(), ...more].map(([name = '', text = '']) => `${escaped(name)}=${escaped(text)}`).join('&'),
    );
  // Now and then the encoding itself is damaged.
  return fc.oneof({ weight: 5, arbitrary: encoded }, { weight: 1, arbitrary: nearly(encoded) });
}

/** The parameters as they are. */
export function unchanged(good: Good): string {
  const entries = Object.entries(good).map(([name, one]) => [name, typeof one === 'function' ? one() : one]);
  return `${new URLSearchParams(entries as [string, string][])}`;
}

/** A name or a value of a form; half characters are replaced. */
export function escaped(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}

/** The field by which an application says which it is. */
export function basic(name: string, secret: string): string {
  return `Authorization: Basic ${Buffer.from(`${escaped(name)}:${escaped(secret)}`).toString('base64')}`;
}
