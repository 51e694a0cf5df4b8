import type { Cluster, Redis } from 'ioredis';
import { away, followingMoves } from './connection.js';

export interface NamedScript {
  /** The name of the command that the script becomes. */
  readonly name: string;
  readonly lua: string;
}

type ScriptCommand = (...parameters: (string | number)[]) => Promise<unknown>;

/** Commands for up to this many keys are defined from the start, and are pipelined. */
const PREPARED_KEYS = 4;

/** Calls scripts through a client as commands: by their digest, and in full if the server does not know them. */
export class ScriptCalls {
  private readonly client: Redis | Cluster;
  private readonly commands: Record<string, ScriptCommand>;
  private readonly defined = new Set<string>();

  constructor(client: Redis | Cluster, scripts: readonly NamedScript[]) {
    this.client = client;
    this.commands = client as unknown as Record<string, ScriptCommand>;
    for (const script of scripts) {
      for (let keys = 1; keys <= PREPARED_KEYS; keys++) this.define(script, keys);
    }
  }

  /**
   * The number of keys is part of each command, because only then a Cluster finds the slot of a pipelined one.
   *
   * @throws Error (rejects) if the client is not connected, or the script fails
   */
  async call<Answer = number[]>(
    script: NamedScript,
    keys: readonly string[],
    parameters: readonly (string | number)[],
  ): Promise<Answer> {
    if (this.client.status !== 'ready') throw away(this.client);
    const name = `${script.name}x${keys.length}`;
    if (!this.defined.has(name)) {
      this.define(script, keys.length);
      // A pipeline that began in this turn does not know the new command.
      this.client.options.autoPipeliningIgnoredCommands?.push(name);
    }
    const sent = this.commands[name] as ScriptCommand;
    return followingMoves(this.client, () => sent.call(this.client, ...keys, ...parameters) as Promise<Answer>);
  }

  /** The same with any number of keys, and not in a pipeline: for one call that carries many requests already. */
  async callAtOnce(
    script: NamedScript,
    keys: readonly string[],
    parameters: readonly (string | number)[],
  ): Promise<number[]> {
    if (this.client.status !== 'ready') throw away(this.client);
    const name = `${script.name}xN`;
    if (!this.defined.has(name)) {
      this.client.defineCommand(name, { lua: script.lua });
      this.client.options.autoPipeliningIgnoredCommands?.push(name);
      this.defined.add(name);
    }
    const command = this.commands[name] as ScriptCommand;
    return (await command.call(this.client, keys.length, ...keys, ...parameters)) as number[];
  }

  private define({ name, lua }: NamedScript, numberOfKeys: number): void {
    const command = `${name}x${numberOfKeys}`;
    this.client.defineCommand(command, { lua, numberOfKeys });
    this.defined.add(command);
  }
}
