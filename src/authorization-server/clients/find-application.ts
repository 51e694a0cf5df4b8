import type { Application } from '../../storage/index.js';

/** Finds an application that may act now; `undefined` if there is none or it is disabled. */
export type FindApplication = (clientId: string) => Promise<Application | undefined>;
