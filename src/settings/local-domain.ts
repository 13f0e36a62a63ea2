import type * as v from "valibot";
import type { domainSettings } from "./domain-settings.ts";

/** The settings of a domain as they are written down, before they are checked. */
export type DomainSettingsInput = v.InferInput<typeof domainSettings>;

/** The settings of a domain whose WebEx and whose one bridge, `simulated`, are on this machine. */
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
    createTimeoutMs: 15_000,
    keypad: { merge: "*1", mute: "*6" },
    rateLimitPerMinute: 600_000, // Beyond what one machine can do: load tests are welcome here.
  };
}

/** Lays overrides over defaults: objects deeply; lists, scalars and `null` replace what was there. */
export function mergeSettings(defaults: unknown, overrides: unknown): unknown {
  if (!isObject(defaults) || !isObject(overrides)) return overrides;
  const merged = Object.entries(overrides).map(([name, value]) => {
    return [name, mergeSettings(Object.hasOwn(defaults, name) ? defaults[name] : {}, value)] as const;
  });
  // No assignment by name: overrides come from outside, and may be called `__proto__` until they are checked.
  return Object.fromEntries([...Object.entries(defaults), ...merged]);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
