import { afterEach, expect, test, vi } from "vitest";
import { prepareWorkerd } from "../../scripts/workerd.ts";

afterEach(() => vi.useRealTimers());

test("explains on a machine in 1970 that workerd needs a clock", () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 0 });
  const options = { workerd: "workerd", worker: new Uint8Array(), host: "127.0.0.1", port: 1, variables: {} };

  expect(() => prepareWorkerd({ ...options, folder: "/nowhere/at/all" })).toThrow(
    /^the machine's clock shows 1970-01-01, and the Workers runtime does not start before 2026-08-01: set the clock, or /,
  );
});
