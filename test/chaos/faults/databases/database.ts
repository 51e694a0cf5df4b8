import type { ServerProcess } from '../../../support/server-process.js';

/** A database server of a stand's own, and what can be done to it. The application is the user `app` there. */
export interface ChaosDatabase extends ServerProcess {
  readonly name: string;
  readonly port: number;
  /** As the application reaches it at a port of 127.0.0.1. */
  urlAt(port: number): string;
  /** Ends every connection of the application. */
  killConnections(): Promise<void>;
  /** Lets the application make no connection, and ends those that it has. */
  refuseConnections(): Promise<void>;
  acceptConnections(): Promise<void>;
  setReadOnly(readOnly: boolean): Promise<void>;
  /** Holds locks in the order that is the reverse of the application's, until it is told to stop. */
  startDeadlocks(): Promise<void>;
  stopDeadlocks(): Promise<void>;
  /** How many deadlocks the server has resolved. */
  deadlocks(): Promise<number>;
  stop(): Promise<void>;
}
