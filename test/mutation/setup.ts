import { afterAll } from "vitest";

interface Coverage {
  static: object;
  perTest: object;
}

interface Stryker {
  mutantCoverage?: Coverage;
  /** The object that the mutated sources reference. */
  held?: Coverage;
}

const { __stryker__: stryker = {} } = globalThis as { __stryker__?: Stryker };
if (stryker.held) stryker.mutantCoverage = stryker.held;

/** Sends only this file's coverage. Stryker's own setup would send that of all files so far. */
afterAll(() => {
  if (!stryker.mutantCoverage) return;
  stryker.held = stryker.mutantCoverage;
  stryker.mutantCoverage = { ...stryker.held };
  Object.assign(stryker.held, { static: {}, perTest: {} });
});
