import type { PageCookies } from '../browsers/page-cookies.js';
import type { Continuation } from './continuation.js';
import type { Forms } from './forms.js';
import type { PageDependencies } from './page-dependencies.js';
import type { PasswordCheck } from './password-check.js';
import type { Renderer } from './renderer.js';
import type { Texts } from './texts.js';
import type { Viewers } from './viewers.js';

/** The services that the pages use. */
export interface PageServices {
  readonly dependencies: PageDependencies;
  readonly texts: Texts;
  readonly renderer: Renderer;
  readonly forms: Forms;
  readonly cookies: PageCookies;
  readonly viewers: Viewers;
  readonly passwords: PasswordCheck;
  readonly continuation: Continuation;
}
