import type { Clock } from '../../../src/core/clock.js';
import { LeasedEngine } from '../../../src/throttling/engines/leased/engine.js';
import type {
  Claim,
  Ledger,
  LedgerAnswer,
  Registration,
  Return,
} from '../../../src/throttling/engines/leased/ledger.js';
import type { Charge, ThrottleDecision } from '../../../src/throttling/throttle-engine.js';
import { ModelLedger } from './model-ledger.js';

/** Time that moves only when it is told to, and what is due in it. */
export class Simulation {
  now = 1_000_000;
  readonly #due: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];
  #order = 0;

  at(time: number, run: () => void): void {
    this.#due.push({ at: Math.max(time, this.now), order: this.#order++, run });
  }

  async advance(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds;
    for (;;) {
      await settled();
      let next = -1;
      this.#due.forEach((one, index) => {
        const best = this.#due[next];
        const sooner = best === undefined || one.at < best.at || (one.at === best.at && one.order < best.order);
        if (one.at <= end && sooner) next = index;
      });
      if (next < 0) break;
      const [one] = this.#due.splice(next, 1);
      if (one === undefined) break;
      this.now = one.at;
      one.run();
    }
    this.now = end;
    await settled();
  }
}

/** Until every promise that can go on has gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A process's way to the ledger: slow, lossy and cut off as it is told. */
export class Wire implements Ledger {
  readonly callsByTag: boolean;
  connected = true;
  thereMilliseconds = 0;
  backMilliseconds = 0;
  /** How many of the next questions or answers get lost; the caller is told so late. */
  losesQuestions = 0;
  losesAnswers = 0;
  calls = 0;
  readonly #simulation: Simulation;
  readonly #model: ModelLedger;
  readonly #members: Set<string>;
  readonly #listeners: (() => void)[] = [];
  readonly #waiting = new Set<(error: Error) => void>();

  constructor(simulation: Simulation, model: ModelLedger, members: Set<string>, callsByTag: boolean) {
    this.#simulation = simulation;
    this.#model = model;
    this.#members = members;
    this.callsByTag = callsByTag;
  }

  claim(claims: readonly Claim[]): Promise<LedgerAnswer> {
    return this.#call(() => this.#model.claim(claims));
  }
  giveBack(returns: readonly Return[]): Promise<void> {
    // From now on the process has them no more, whether they arrive or not.
    for (const { charge, generation, id, units } of returns) {
      this.#model.accounts.add(charge.key, generation, id, -units);
    }
    return this.#call(() => this.#model.giveBack(returns));
  }
  register(registrations: readonly Registration[]): Promise<void> {
    return registrations.length === 0 ? Promise.resolve() : this.#call(() => this.#model.register(registrations));
  }
  join(member: string): Promise<readonly string[]> {
    return this.#call(() => {
      this.#members.add(member);
      return [...this.#members];
    });
  }
  leave(member: string): Promise<void> {
    return this.#call(() => void this.#members.delete(member));
  }
  onOpened(listener: () => void): void {
    this.#listeners.push(listener);
  }
  async ready(): Promise<void> {}
  async close(): Promise<void> {}

  /** What is under way is answered by nobody; the ledger may carry it out all the same. */
  disconnect(): void {
    this.connected = false;
    for (const fail of [...this.#waiting]) fail(new Error('The connection broke.'));
  }

  connect(): void {
    if (this.connected) return;
    this.connected = true;
    for (const listener of this.#listeners) listener();
  }

  #call<Answer>(perform: () => Answer): Promise<Answer> {
    this.calls++;
    if (!this.connected) return Promise.reject(new Error('There is no connection.'));
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        this.#waiting.delete(fail);
        reject(error);
      };
      this.#waiting.add(fail);
      const loseQuestion = this.losesQuestions > 0;
      if (loseQuestion) this.losesQuestions--;
      const there = this.#simulation.now + this.thereMilliseconds;
      const back = this.backMilliseconds;
      this.#simulation.at(there, () => {
        if (loseQuestion) return this.#simulation.at(there + 500, () => fail(new Error('No answer.')));
        const answer = perform();
        const loseAnswer = this.losesAnswers > 0;
        if (loseAnswer) this.losesAnswers--;
        this.#simulation.at(there + (loseAnswer ? 500 : back), () => {
          if (loseAnswer) return fail(new Error('The answer was lost.'));
          this.#waiting.delete(fail);
          resolve(answer);
        });
      });
    });
  }
}

/** One process: an engine with a monotonic clock of its own. */
export class Process {
  readonly wire: Wire;
  readonly engine: LeasedEngine;
  readonly clock: Clock;
  alive = true;

  constructor(simulation: Simulation, model: ModelLedger, members: Set<string>, name: string, settings: FleetSettings) {
    this.wire = new Wire(simulation, model, members, settings.callsByTag);
    // Clocks of different processes have nothing in common but their pace.
    const offset = settings.clockOffset(name);
    this.clock = {
      nowMilliseconds: () => 1_700_000_000_000 - offset,
      monotonicMilliseconds: () => simulation.now + offset,
    };
    const every = (milliseconds: number, run: () => void) => {
      const again = () => {
        if (!this.alive) return;
        run();
        simulation.at(simulation.now + milliseconds, again);
      };
      simulation.at(simulation.now + milliseconds, again);
      return { stop() {} };
    };
    this.engine = new LeasedEngine({
      ...{ ledger: this.wire, clock: this.clock, maxKeys: settings.maxKeys },
      ...{ deadlineMilliseconds: 5000, member: name, every },
    });
    this.wire.join(name).catch(() => {});
  }

  /** Ends without a word: nothing is given back, nobody hears of its answers. */
  crash(): void {
    this.alive = false;
    this.wire.disconnect();
  }
}

export interface FleetSettings {
  readonly callsByTag: boolean;
  readonly maxKeys: number;
  clockOffset(name: string): number;
}

/** A decision that admitted, as its caller met it. */
export interface Admission {
  readonly charges: readonly Charge[];
  readonly decision: ThrottleDecision;
  readonly process: Process;
}

/** Processes on one ledger. */
export class Fleet {
  readonly simulation = new Simulation();
  readonly model = new ModelLedger(() => this.simulation.now);
  readonly processes: Process[] = [];
  readonly admissions: Admission[] = [];
  readonly #members = new Set<string>();
  readonly #settings: FleetSettings;
  #started = 0;

  constructor(size: number, settings: FleetSettings) {
    this.#settings = settings;
    for (let index = 0; index < size; index++) this.processes.push(this.#start());
  }

  crash(index: number): void {
    this.processes[index]?.crash();
    this.processes[index] = this.#start();
  }

  /** Redis restarts without its data: every connection breaks, and is made again. */
  loseLedger(wait: boolean): void {
    for (const { wire } of this.processes) wire.disconnect();
    this.model.lose(wait);
    this.#members.clear();
    for (const { wire } of this.processes) wire.connect();
  }

  #start(): Process {
    const name = `process${this.#started++}`;
    return new Process(this.simulation, this.model, this.#members, name, this.#settings);
  }
}
