import { isRecord } from "../foundation/record.ts";
import type { DomainSettingsInput } from "./domain-settings.ts";

/** The settings of a domain that runs on this machine, with WebEx and one bridge named `simulated` beside it. */
export function localDomain(options: {
  readonly agents: readonly { readonly name: string; readonly publicKey: string }[];
}): DomainSettingsInput {
  return {
    webex: {
      hosts: ["127.0.0.1", "localhost"],
      scheme: "http",
      path: "/",
      timeoutMs: 10_000,
      attempts: 3,
      retryDelaysMs: [0, 2_000],
    },
    bridges: [{ name: "simulated", agents: [...options.agents] }],
    transactionMemoryMs: 7_200_000,
    closedMemoryMs: 3_600_000,
    orphanConferenceMinutes: 240,
    createTimeoutMs: 15_000,
    keypad: { merge: "*1", mute: "*6", askAttendeeId: true },
    rateLimitPerMinute: 600_000, // Beyond what one machine can do: load tests are welcome here.
  };
}

/** Defaults with overrides: objects are merged deeply; lists, scalars and `null` replace the default. */
export function mergeSettings(defaults: unknown, overrides: unknown): unknown {
  if (!isRecord(defaults) || !isRecord(overrides)) return overrides;
  const merged = Object.entries(overrides).map(([name, value]) => {
    return [name, mergeSettings(Object.hasOwn(defaults, name) ? defaults[name] : {}, value)] as const;
  });
  // No assignment by name: until the overrides are checked, one of them may be called `__proto__`.
  return Object.fromEntries([...Object.entries(defaults), ...merged]);
}
