import { endQuietImport } from './quiet-import.js';

endQuietImport();
