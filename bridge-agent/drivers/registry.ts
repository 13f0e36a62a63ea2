import * as v from "valibot";
import { assertNever } from "../../src/foundation/result.ts";
import { AsteriskDriver } from "./asterisk/driver.ts";
import { asteriskSettings } from "./asterisk/settings.ts";
import type { BridgeDriver, DriverIdentity, DriverPorts } from "./driver.ts";
import { GenericDriver, genericSettings } from "./generic.ts";

/** The settings of each kind of driver. */
export const driverSettings = v.variant("type", [genericSettings, asteriskSettings]);
type DriverSettings = v.InferOutput<typeof driverSettings>;

/** Right settings of each kind, for those who wrote wrong ones. */
export const driverExamples: { readonly [Type in DriverSettings["type"]]: DriverSettings & { readonly type: Type } } = {
  generic: { type: "generic", url: "ws://127.0.0.1:8790/bridge" },
  asterisk: {
    type: "asterisk",
    url: "http://127.0.0.1:8088/ari",
    user: "bridgehead",
    passwordFile: "/etc/bridgehead/ari-password",
    application: "bridgehead",
    endpoint: "PJSIP/{number}@trunk",
    callerId: "18005551234",
    ports: 350,
    talking: { silenceMs: 1_200, level: 256 },
  },
};

/** `identity`: `null` for a visitor beside the agent that serves the bridge. */
export function createDriver(
  settings: DriverSettings,
  ports: DriverPorts,
  identity: DriverIdentity | null,
): BridgeDriver {
  switch (settings.type) {
    case "generic":
      return new GenericDriver(settings, ports, identity);
    case "asterisk":
      return new AsteriskDriver(settings, ports, identity);
    default:
      return assertNever(settings);
  }
}
