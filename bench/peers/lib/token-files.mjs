/** Files of tokens, one a line and all of one length, from which the load reads. */
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

/** No contender answers more requests with cold tokens in a second. */
const PER_SECOND = 60_000;

/** For requests that present none. */
export const NO_TOKENS = { file: '-', length: 0, count: 0, hot: 0, perSecond: 0, option: 'tokens' };

/**
 * @param batches lists of tokens, perhaps as they are made
 * @param about.hot how many of them come again where tokens are hot
 * @param about.option by which option there are more of them
 */
export async function writeTokens(path, batches, { hot, option }) {
  const lines = createWriteStream(path);
  const first = [];
  let count = 0;
  let length = 0;
  for await (const tokens of batches) {
    length ||= tokens[0].length;
    if (tokens.some((token) => token.length !== length)) throw new Error(`Tokens of ${path} have several lengths.`);
    lines.write(tokens.map((token) => `${token}\n`).join(''));
    if (first.length < hot) first.push(...tokens.slice(0, hot - first.length));
    count += tokens.length;
  }
  lines.end();
  await finished(lines);
  return { file: path, length, count, hot: Math.min(hot, count), perSecond: PER_SECOND, option, first };
}
