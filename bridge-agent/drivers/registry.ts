import * as v from "valibot";
import type { BridgeDriver, DriverPorts } from "./driver.ts";
import { GenericDriver, genericSettings } from "./generic.ts";

/** Each kind of driver: `settings` is what an agent's settings say of it, `example` shows them right. */
const kinds = {
  generic: {
    settings: genericSettings,
    example: { type: "generic", url: "ws://127.0.0.1:8790/bridge" },
    create: (settings: v.InferOutput<typeof genericSettings>, ports: DriverPorts, agent: string | null) =>
      new GenericDriver(settings, ports, agent),
  },
};

export const driverSettings = v.variant("type", [kinds.generic.settings]);
type DriverSettings = v.InferOutput<typeof driverSettings>;
export const driverExample: Readonly<Record<string, unknown>> = kinds.generic.example;

/** `agent`: the name under which the bridge knows this agent; `null` for a visitor beside the agent that serves the bridge. */
export function createDriver(settings: DriverSettings, ports: DriverPorts, agent: string | null): BridgeDriver {
  return kinds[settings.type].create(settings, ports, agent);
}
