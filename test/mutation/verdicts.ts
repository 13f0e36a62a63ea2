import type { Verdict } from "./mutant.ts";

/** What survives in the folders that are held, each with why. A verdict whose place has changed, or whose mutant is killed, is an error. */
export const verdicts: readonly Verdict[] = [
  {
    file: "src/delivery/deliveries.ts",
    line: "if (until <= now) this.#pauses.delete(receiver);",
    was: "until <= now",
    becomes: "false",
    effect: "none",
    because: "a pause that is over and has no failures is as good as none; deleting it frees memory",
  },
  {
    file: "src/delivery/deliveries.ts",
    line: "if (until <= now) this.#pauses.delete(receiver);",
    was: "until <= now",
    becomes: "until < now",
    effect: "none",
    because: "a pause that ends now and has no failures is as good as none",
  },
];
