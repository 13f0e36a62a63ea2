import { afterAll } from "vitest";

interface Coverage {
  static: object;
  perTest: object;
}

interface Stryker {
  mutantCoverage?: Coverage;
  /** The one that the sources hold. */
  held?: Coverage;
}

const { __stryker__: stryker = {} } = globalThis as { __stryker__?: Stryker };
if (stryker.held) stryker.mutantCoverage = stryker.held;

/** Sends only the coverage of this file: Stryker's own setup sends that of all files so far with each file. */
afterAll(() => {
  if (!stryker.mutantCoverage) return;
  stryker.held = stryker.mutantCoverage;
  stryker.mutantCoverage = { ...stryker.held };
  Object.assign(stryker.held, { static: {}, perTest: {} });
});
