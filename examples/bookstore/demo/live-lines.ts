import type { OAuth2 } from 'routing-controllers-oauth2';
import { registerDocs, registerReader, registerService, type Service } from './applications.js';
import { curlLines, oauthLines } from './curl-lines.js';
import { issueDemoTokens } from './tokens.js';

/** Tokens live an hour: those of a page are good for half of it at least. */
const FRESH_MILLISECONDS = 1_800_000;

/** Commands to try the bookstore with, with tokens that work. */
export class LiveLines {
  private service: Promise<Service> | undefined;
  private issued: { readonly lines: Promise<string[]>; readonly untilMilliseconds: number } | undefined;

  /**
   * @param options.url the URL under which this machine reaches the bookstore
   * @param options.encryptionKeys the secret of the demo's service is derived from the first of them
   */
  constructor(
    private readonly oauth2: OAuth2,
    private readonly options: {
      readonly issuer: string;
      readonly url: string;
      readonly encryptionKeys: readonly string[];
    },
  ) {}

  /** The lines of now; comments begin with `#`. */
  lines(): Promise<string[]> {
    const now = Date.now();
    if (this.issued === undefined || this.issued.untilMilliseconds < now) {
      const lines = this.issue();
      this.issued = { lines, untilMilliseconds: now + FRESH_MILLISECONDS };
      lines.catch(() => {
        this.issued = undefined;
      });
    }
    return this.issued.lines;
  }

  private async issue(): Promise<string[]> {
    const { url } = this.options;
    const service = await this.registered();
    return [...curlLines(url, await issueDemoTokens(this.oauth2)), ...oauthLines(url, service)];
  }

  private async registered(): Promise<Service> {
    const { issuer, encryptionKeys } = this.options;
    this.service ??= registerService(this.oauth2, encryptionKeys[0] ?? '');
    const service = await this.service;
    await registerReader(this.oauth2, issuer);
    await registerDocs(this.oauth2, issuer);
    return service;
  }
}
