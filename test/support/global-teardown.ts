import type { ProvidedServices } from './finder/provide-services.js';

/** Ends what the global setup started. */
// biome-ignore lint/style/noDefaultExport: Jest takes the default export.
export default async function globalTeardown(): Promise<void> {
  const provided = (globalThis as Record<symbol, ProvidedServices | undefined>)[
    Symbol.for('routing-controllers-oauth2.test.services')
  ];
  await provided?.stop();
}
