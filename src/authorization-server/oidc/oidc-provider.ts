import './quiet-import.js';

import { errors, interactionPolicy, Provider } from 'oidc-provider';
import { heldMessages } from './quiet-import.js';

import './quiet-import-end.js';

/** The only place where oidc-provider is loaded. */
export { errors, heldMessages, interactionPolicy, Provider };
