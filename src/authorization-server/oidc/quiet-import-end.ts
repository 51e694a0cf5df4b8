import { releaseConsole } from './quiet-import.js';

releaseConsole();
