import './console-held.js';

import { errors, interactionPolicy, Provider } from 'oidc-provider';
import { heldMessages } from './console-held.js';

import './console-released.js';

/** The one place where oidc-provider is loaded. */
export { errors, heldMessages, interactionPolicy, Provider };
