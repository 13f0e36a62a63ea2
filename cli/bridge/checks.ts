import { isDeepStrictEqual } from "node:util";

/** Nothing further can be checked. */
export class GiveUp extends Error {}

export type Expectation = readonly [expected: unknown, seen: unknown];

export class Checks {
  readonly print: (line: string) => void;
  passed = 0;
  failed = 0;

  constructor(print: (line: string) => void) {
    this.print = print;
  }

  /** A line for what was expected and seen; a text instead says why there was nothing to see. */
  async check(what: string, look: () => Promise<Expectation | string>): Promise<boolean> {
    const { print } = this;
    const found = await look().catch((error: unknown) => {
      print(`FAILED ${what}`);
      this.failed += 1;
      throw error;
    });
    if (typeof found === "string") {
      print(`ok     ${what}: ${found}`);
      this.passed += 1;
      return true;
    }
    const [expected, seen] = found;
    const isRight = isDeepStrictEqual(expected, seen);
    print(`${isRight ? "ok    " : "FAILED"} ${what}`);
    if (isRight) this.passed += 1;
    else {
      this.failed += 1;
      print(`       expected ${inJson(expected)}`);
      print(`       seen     ${inJson(seen)}`);
    }
    return isRight;
  }
}

function inJson(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
}
