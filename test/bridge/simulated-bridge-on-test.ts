import { type SimulatedBridge, startSimulatedBridge } from "../../simulators/bridge/server.ts";
import type { Call } from "../../simulators/bridge/world.ts";
import type { Ability } from "../../src/bridge/commands.ts";
import type { CallId } from "../../src/foundation/ids.ts";
import type { BridgeOnTest } from "../conformance/bridge-on-test.ts";
import { agentsOf, lossyWay, truthOf } from "../conformance/controlled-bridge.ts";
import { Clock } from "../kit/clock.ts";

/** The generic driver with the simulated bridge on a free port; the bridge's time stands still until the test moves it. */
export async function simulatedBridgeOnTest(cannot: readonly Ability[] = []): Promise<BridgeOnTest> {
  const time = new Clock();
  let boots = 1;
  let bridge: SimulatedBridge = await startSimulatedBridge(0, "boot1", time, cannot);
  const way = await lossyWay(() => bridge.port);
  const agents = agentsOf(`ws://127.0.0.1:${way.port}/bridge`);
  const call = (id: CallId): Call => {
    const found = bridge.machine.world.find(id);
    if (!found) throw new Error(`no call ${id}`);
    return found;
  };

  return {
    ...agents,
    dialIn: async (number, dialled = agents.dialIns.own) => bridge.machine.dialIn(number, "", dialled),
    press: async (id, keys) => bridge.machine.press(call(id), keys),
    talk: async (id, talking) => bridge.machine.talk(call(id), talking),
    hangUp: async (id) => bridge.machine.hangUp(call(id)),
    lockByTelephone: async (key, locked) => bridge.machine.lockByTelephone(key, locked),
    endByTelephone: async (key) => bridge.machine.endByTelephone(key),
    plan: async (digits, outcome) => {
      const plan =
        outcome === "answer-late" ? ({ outcome: "answer", afterMs: 500 } as const) : { outcome, afterMs: 50 };
      bridge.machine.numbers.set(digits, plan);
    },
    passTime: async (ms) => time.advance(ms),
    holdActs: async () => {
      bridge.machine.setFaults({ delayMs: 1_000, refuse: [], down: false });
      return async () => time.advance(1_000);
    },
    loseAnswers: async () => way.lose(),
    truth: (id) => truthOf(`ws://127.0.0.1:${bridge.port}/bridge`, id),
    cutLink: async () => bridge.dropAgents(),
    restart: async () => {
      await bridge.close();
      boots += 1;
      bridge = await startSimulatedBridge(0, `boot${boots}`, time, cannot);
    },
    stop: async () => {
      await agents.stop();
      way.stop();
      await bridge.close();
    },
  };
}
