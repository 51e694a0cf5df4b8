import { releaseConsole } from './console-held.js';

releaseConsole();
