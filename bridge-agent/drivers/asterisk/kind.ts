import type { DriverKind } from "../driver.ts";
import { AsteriskDriver } from "./driver.ts";
import { type AsteriskSettings, asteriskSettings } from "./settings.ts";
import { inspectAsterisk } from "./setup/doctor.ts";
import { initAsterisk } from "./setup/init.ts";

/** Asterisk 16 and later, through its REST interface. */
export const asterisk = {
  settings: asteriskSettings,
  example: {
    type: "asterisk",
    url: "http://127.0.0.1:8088/ari",
    user: "bridgehead",
    passwordFile: "/etc/bridgehead/ari-password",
    application: "bridgehead",
    endpoint: "PJSIP/{number}@trunk",
    callerId: "18005551234",
    ports: 350,
    language: "en",
    sounds: { welcome: ["conf-getconfno"] },
    talking: { silenceMs: 1_200, level: 256 },
  },
  create: (settings, ports, identity) => new AsteriskDriver(settings, ports, identity),
  doctor: {
    connected: "it is an Asterisk with all that the driver needs",
    advice: () => "",
    inspect: inspectAsterisk,
  },
  init: initAsterisk,
} satisfies DriverKind<AsteriskSettings> & { settings: typeof asteriskSettings };
