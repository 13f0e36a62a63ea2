import { vi } from "vitest";

/** Only what never comes fails: a busy machine may need seconds for what takes one moment. */
const patience = { timeout: 15_000, interval: 10 };

const { waitFor, waitUntil } = vi;
vi.waitFor = (callback, options) => waitFor(callback, { ...patience, ...asObject(options) });
vi.waitUntil = (callback, options) => waitUntil(callback, { ...patience, ...asObject(options) });

function asObject<Options extends object>(
  options: Options | number | undefined,
): Options | { timeout: number } | undefined {
  return typeof options === "number" ? { timeout: options } : options;
}
