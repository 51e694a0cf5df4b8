import type { CliCommand } from '../../cli-command.js';
import type { Surroundings } from '../../surroundings.js';
import { addEnd } from './end.js';
import { addList } from './list.js';

/** `rc-oauth2 sessions …` */
export function defineSessions(group: CliCommand, surroundings: Surroundings): void {
  group.description('List and end the sessions of browsers at the authorization server.').enablePositionalOptions();
  addList(group, surroundings);
  addEnd(group, surroundings);
}
