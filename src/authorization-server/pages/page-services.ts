import type { PageCookies } from '../browsers/page-cookies.js';
import type { Continuation } from './continuation.js';
import type { Forms } from './forms/forms.js';
import type { PageDependencies } from './page-dependencies.js';
import type { Renderer } from './rendering/renderer.js';
import type { Texts } from './rendering/texts.js';
import type { PasswordCheck } from './sign-in/password-check.js';
import type { Viewers } from './sign-in/viewers.js';

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
