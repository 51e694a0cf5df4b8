import type { CliCommand } from '../../cli-command.js';
import type { Surroundings } from '../../surroundings.js';
import { addClearExpired } from './clear-expired.js';
import { addInspect } from './inspect.js';
import { addIssue } from './issue.js';
import { addList } from './list.js';
import { addRevoke } from './revoke.js';

/** `rc-oauth2 tokens …` */
export function defineTokens(group: CliCommand, surroundings: Surroundings): void {
  group.description('Issue, list, inspect and revoke tokens.').enablePositionalOptions();
  addIssue(group, surroundings);
  addList(group, surroundings);
  addInspect(group, surroundings);
  addRevoke(group, surroundings);
  addClearExpired(group, surroundings);
}
