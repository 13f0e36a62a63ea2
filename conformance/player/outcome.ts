/** Thrown by a clause: the adapter breaks it. */
export class NotAsDocumented extends Error {}

/** Thrown by a clause that cannot be tested in this run. */
export class NotTestable extends Error {
  /** `nothing`: there is nothing to test. If absent, a run with other options can test it. */
  readonly because: "nothing" | undefined;

  constructor(why: string, because?: "nothing") {
    super(why);
    this.because = because;
  }
}

/** Thrown at the next step of a clause after the run was interrupted. */
export class BrokenOff extends NotTestable {
  constructor() {
    super("not played: the run was interrupted");
  }
}

/** Thrown if the telephones fail, which proves nothing about the adapter. */
export class TelephonesFailed extends NotTestable {
  constructor(cause: unknown) {
    super(`the telephones failed: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
