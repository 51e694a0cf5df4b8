/** The storage of oidc-provider on our tables, and the transactions that it lacks. */
export type { AdapterParts, Reuse } from './adapter-parts.js';
export { AtomicProvider } from './atomic-provider.js';
export { createStorageAdapters, type StorageAdapters } from './create-storage.js';
