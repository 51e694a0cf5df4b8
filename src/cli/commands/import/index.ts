import type { CliCommand } from '../../cli-command.js';
import type { Surroundings } from '../../surroundings.js';
import { addDjango } from './django.js';

/** `rc-oauth2 import …` */
export function defineImport(group: CliCommand, surroundings: Surroundings): void {
  group.description('Brings applications, tokens and consents from another server.').enablePositionalOptions();
  addDjango(group, surroundings);
}
