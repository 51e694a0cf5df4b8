/** What became of the requests that one throttling policy applied to. */
export class PolicyTally {
  allowed = 0;
  refused = 0;
  /** Decided without the store, by the option `whenStoreFails`. */
  undecided = 0;
  /** The greatest share of a limit that one caller had used in the present minute, from 0 to 1. */
  peak = 0;
  private lastPeak = 0;

  constructor(readonly policy: string) {}

  /** The same in the present or the last minute. */
  get recentPeak(): number {
    return Math.max(this.peak, this.lastPeak);
  }

  /** To be called when a minute is over. */
  endMinute(): void {
    this.lastPeak = this.peak;
    this.peak = 0;
  }
}

/** The tallies by the name of their policies, which are as many as the code declares. */
export class PolicyTallies {
  private readonly byName = new Map<string, PolicyTally>();

  /** The tally of a policy. */
  of(policy: string): PolicyTally {
    let tally = this.byName.get(policy);
    if (tally === undefined) {
      tally = new PolicyTally(policy);
      this.byName.set(policy, tally);
    }
    return tally;
  }

  all(): Iterable<PolicyTally> {
    return this.byName.values();
  }
}
