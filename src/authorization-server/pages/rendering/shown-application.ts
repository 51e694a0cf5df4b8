import { documentHostOf } from '../../../core/document-url.js';
import type { Application } from '../../../storage/index.js';
import type { ShownApplication } from './page-parts.js';

/** An application as pages show it. */
export function shownApplication(application: Application): ShownApplication {
  const { clientId, name } = application;
  return { clientId, name, documentHost: documentHostOf(application) };
}
