import type { CliCommand } from '../../cli-command.js';
import type { Surroundings } from '../../cli-context.js';
import { addEnd } from './end.js';
import { addList } from './list.js';

/** `rc-oauth2 sessions …` */
export function addSessions(parent: CliCommand, surroundings: Surroundings): void {
  const group = parent
    .command('sessions')
    .description('List and end the sessions of browsers at the authorization server.')
    .enablePositionalOptions();
  addList(group, surroundings);
  addEnd(group, surroundings);
}
