import type { CliCommand } from '../../cli-command.js';
import type { Surroundings } from '../../surroundings.js';
import { addCreate } from './create.js';
import { addDelete } from './delete.js';
import { addList } from './list.js';
import { addRotateSecret } from './rotate-secret.js';
import { addDisable, addEnable } from './set-state.js';
import { addShow } from './show.js';
import { addUpdate } from './update.js';

/** `rc-oauth2 applications …` */
export function defineApplications(group: CliCommand, surroundings: Surroundings): void {
  group
    .description('Register, list, change, disable and delete applications (clients), and give them new secrets.')
    .enablePositionalOptions();
  addCreate(group, surroundings);
  addList(group, surroundings);
  addShow(group, surroundings);
  addUpdate(group, surroundings);
  addDisable(group, surroundings);
  addEnable(group, surroundings);
  addRotateSecret(group, surroundings);
  addDelete(group, surroundings);
}
