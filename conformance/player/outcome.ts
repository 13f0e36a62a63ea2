/** Thrown by a clause: what the adapter does is not as the clause says. */
export class NotAsDocumented extends Error {}

/** Thrown by a clause: it cannot be observed in this run. */
export class NotTestable extends Error {
  /** There is nothing to test; if absent, a run with other options tests it. */
  readonly because: "nothing" | undefined;

  constructor(why: string, because?: "nothing") {
    super(why);
    this.because = because;
  }
}

/** Thrown at the next step of a clause when the run is broken off. */
export class BrokenOff extends NotTestable {
  constructor() {
    super("not played: the run was broken off");
  }
}

/** Thrown if the telephones fail, which says nothing about the adapter. */
export class TelephonesFailed extends NotTestable {
  constructor(cause: unknown) {
    super(`the telephones failed: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
