import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { live } from "../../src/console/browser/live.js";

const href = "http://127.0.0.1/console";
const state = { dataset: { is: "" }, textContent: "" };
/** The ETag that each poll had. */
let polls: string[];
let reloads: number;
let answer: () => object;
let page: { hidden: boolean; shown(): void };

/** As much of a browser as a page without parts needs. */
beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  polls = [];
  reloads = 0;
  answer = () => ({ status: 200 });
  page = {
    ...{ hidden: false, shown: () => {}, documentElement: { dataset: { now: String(Date.now()) } } },
    addEventListener: (event: string, run: () => void) =>
      event === "visibilitychange" && Object.assign(page, { shown: run }),
    querySelectorAll: () => [],
    querySelector: () => ({}),
    getElementById: () => state,
  } as never;
  vi.stubGlobal("document", page);
  vi.stubGlobal("location", { href, reload: () => (reloads += 1) });
  vi.stubGlobal(
    "DOMParser",
    class {
      parseFromString = () => page;
    },
  );
  vi.stubGlobal("fetch", async (_: string, { headers }: { headers: Record<string, string> }) => {
    polls.push(headers["if-none-match"] ?? "");
    const given = { status: 200, url: href, ...answer() };
    return { ok: given.status === 200, headers: new Headers({ etag: 'W/"1"' }), text: async () => "", ...given };
  });
  live(() => "", { morph: () => [] });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a page is asked for every 2 s with what it has, and at once when it is shown again", async () => {
  await vi.advanceTimersByTimeAsync(6_000);
  expect(polls).toEqual(['""', 'W/"1"', 'W/"1"']);
  page.hidden = true;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(polls).toHaveLength(3);
  page.hidden = false;
  page.shown();
  expect(polls).toHaveLength(4);
});

test("a page that has stopped to be live does not say that it is", async () => {
  expect(state.textContent).toBe("Live");
  answer = () => ({ status: 200, ...Object.assign(page, { querySelector: () => null }) });
  await vi.advanceTimersByTimeAsync(60_000);
  expect([polls.length, state.textContent]).toEqual([1, ""]);
});

test.each([404, 403])("a poll that is answered with %d reloads the page", async (status) => {
  answer = () => ({ status });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(reloads).toBe(1);
});

test("a poll that leads to the sign-in reloads the page", async () => {
  answer = () => ({ url: "http://127.0.0.1/console/sign-in?to=x" });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(reloads).toBe(1);
});

test.each([429, 503, null])(
  "a poll that fails with %s says since when the page is old, and goes on",
  async (status) => {
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state).toEqual({ dataset: { is: "live" }, textContent: "Live" });
    answer = () => {
      if (status === null) throw new Error("no connection");
      return { status };
    };
    await vi.advanceTimersByTimeAsync(90_000);
    expect(state).toEqual({ dataset: { is: "away" }, textContent: "Not updated since 00:17 – retrying" });
    answer = () => ({ status: 304 });
    await vi.advanceTimersByTimeAsync(2_000);
    expect([state.textContent, reloads]).toEqual(["Live", 0]);
  },
);
