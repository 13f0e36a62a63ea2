import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { live } from "../../src/console/browser/live.js";

/** The pages that were asked for, with the time. */
const looks: number[] = [];
let tookMs = 0;
let socket: { onopen(): void; onmessage(message: { data: string }): void } | null = null;

/** As much of a browser as a page without parts needs. */
beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  looks.length = 0;
  const nothing = { addEventListener: () => {}, querySelectorAll: () => [] };
  vi.stubGlobal("document", {
    ...{ ...nothing, hidden: false, documentElement: { dataset: { now: String(Date.now()) } } },
    getElementById: () => null,
    querySelector: () => ({ dataset: { live: "/live" } }),
  });
  vi.stubGlobal("HTMLInputElement", class {});
  const href = "http://127.0.0.1/console";
  vi.stubGlobal("location", { href });
  vi.stubGlobal(
    "WebSocket",
    class {
      onopen = () => {};
      onmessage = () => {};
      constructor() {
        socket = this;
      }
      send() {}
    },
  );
  vi.stubGlobal("fetch", () => {
    looks.push(Date.now());
    const response = { ok: true, url: href, headers: new Headers() };
    return new Promise((resolve) => setTimeout(resolve, tookMs, response));
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test.each([
  [20, 270],
  [2_000, 2_250],
])(
  "however often something changes, a page rests 250 ms behind each look: one of %d ms begins each %d ms",
  async (ms, everyMs) => {
    tookMs = ms;
    live(() => "");
    socket?.onopen();
    for (let passed = 0; passed < 10_000; passed += 10) {
      socket?.onmessage({ data: "changed" });
      await vi.advanceTimersByTimeAsync(10);
    }

    const pauses = looks.slice(1).map((at, index) => at - (looks[index] ?? 0));
    expect(pauses.length).toBeGreaterThan(3);
    expect(new Set(pauses)).toEqual(new Set([everyMs]));
  },
);
