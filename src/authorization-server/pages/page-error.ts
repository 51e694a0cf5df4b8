import type { Texts } from './rendering/texts.js';

/** A refusal that is shown as a page. */
export class PageError extends Error {
  override readonly name = 'PageError';

  /**
   * @param status the HTTP status
   * @param text which of the texts says it
   */
  constructor(
    readonly status: number,
    readonly text: keyof Texts['errors'],
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(text);
  }
}
