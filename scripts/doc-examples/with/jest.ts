import { test } from '@jest/globals';
