/** The storage of oidc-provider on our tables, and the transactions that it lacks. */

export { AtomicProvider } from '../patches/atomic-provider.js';
export type { AdapterDependencies, Reuse } from './adapter-dependencies.js';
export { createStorageAdapters, type StorageAdapters } from './storage-adapters.js';
