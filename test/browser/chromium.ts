import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Debian's Chromium, or another one. */
const PATH = process.env.TEST_CHROMIUM || '/usr/bin/chromium';

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts the browser. Tests that need it fail where it is missing: they cannot say anything then. */
export async function startChromium(): Promise<Browser> {
  if (!existsSync(PATH)) {
    throw new Error(
      `There is no Chromium at ${PATH}. Install it (Debian: apt-get install chromium), or set TEST_CHROMIUM to its path.`,
    );
  }
  return chromium.launch({ executablePath: PATH, args: ARGUMENTS });
}

/** A window of its own, without the cookies of any other. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', ...options });
  context.setDefaultTimeout(10_000);
  return context.newPage();
}
