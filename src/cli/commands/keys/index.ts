import type { CliCommand } from '../../cli-command.js';
import type { Surroundings } from '../../surroundings.js';
import { addKeysList } from './list.js';
import { addReseal } from './reseal.js';
import { addRotate } from './rotate.js';

/** `rc-oauth2 keys …` */
export function defineKeys(group: CliCommand, surroundings: Surroundings): void {
  group.description('List and rotate the keys that the authorization server signs with.').enablePositionalOptions();
  addKeysList(group, surroundings);
  addRotate(group, surroundings);
  addReseal(group, surroundings);
}
