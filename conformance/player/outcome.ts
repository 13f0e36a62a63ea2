import { withoutValues } from "./cause.ts";

/** Thrown by a clause: what the adapter does is not as the clause says. */
export class NotAsDocumented extends Error {
  /** What went wrong first, in words that are the same for all clauses that fail by it. */
  override readonly cause: string;

  constructor(why: string, cause = withoutValues(why)) {
    super(why);
    this.cause = cause;
  }
}

/** Thrown by a clause: here it cannot be seen. */
export class NotTestable extends Error {
  /** There is nothing that could be tested; absent: a run made otherwise tests it. */
  readonly because: "nothing" | undefined;

  constructor(why: string, because?: "nothing") {
    super(why);
    this.because = because;
  }
}

/** Thrown at the next step of a clause: the run ends before its time. */
export class BrokenOff extends NotTestable {
  /** A signal that was aborted with a text says why. */
  constructor(stop?: AbortSignal) {
    super(`not played: ${typeof stop?.reason === "string" ? stop.reason : "the run was broken off"}`);
  }
}
