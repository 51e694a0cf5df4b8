import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// biome-ignore lint/style/noDefaultExport: Vitest takes the default export.
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // routing-controllers reads the types of parameters.
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
});
