import { afterEach, beforeEach, describe } from "vitest";
import type { BridgeOnTest } from "./bridge-on-test.ts";
import { callersOnBridge } from "./driver-callers.ts";
import { conferencesOnBridge } from "./driver-conferences.ts";
import { dialledCallsOnBridge } from "./driver-dialled-calls.ts";
import { linksOnBridge } from "./driver-links.ts";
import { DriverOnTest } from "./driver-on-test.ts";
import { ownersOnBridge } from "./driver-owners.ts";
import { recordedBridge, Transcript } from "./recorded-bridge.ts";

/** No test takes as long as that: whatever it waits for has a limit of its own. */
const TEST_WITHIN_MS = 60_000;
/** A bridge from which one of these never comes fails each test for this reason alone. */
const indispensable = ["connection", "result of create-conference", "state"];
const subjects = [conferencesOnBridge, callersOnBridge, dialledCallsOnBridge, ownersOnBridge, linksOnBridge];

/** Registers what every driver must do, whatever its bridge. */
export function bridgeDriverConformance(name: string, makeBridge: () => Promise<BridgeOnTest>): void {
  describe(`driver ${name}`, { timeout: TEST_WITHIN_MS }, () => {
    let transcript: Transcript | null = null;
    let stop = async () => {};
    /** Why the tests after the first ones are not tried. */
    let hopeless: string | null = null;
    const on = new DriverOnTest();

    beforeEach(async ({ skip }) => {
      stop = async () => {};
      if (hopeless !== null) skip(`not tried: ${hopeless}`);
      transcript = new Transcript();
      const made = await makeBridge().catch((error: unknown) => {
        hopeless = "the first bridge was not made";
        throw error;
      });
      stop = () => made.stop();
      await on.start(recordedBridge(made, transcript), skip);
    }, TEST_WITHIN_MS);
    afterEach(async ({ task }) => {
      transcript?.explain(task.name, task.result?.errors ?? []);
      const missing = transcript?.missing.find((what) => indispensable.includes(what));
      if (missing) hopeless = `an earlier test has waited in vain for a ${missing}`;
      await stop();
    }, TEST_WITHIN_MS);

    for (const register of subjects) register(on);
  });
}
