import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { live } from "../../src/console/browser/live.js";

/** The pages that were asked for, with the time. */
const looks: number[] = [];
let tookMs = 0;
/** Of each look. */
let httpStatus = 200;
let reloads = 0;
interface ASocket {
  isOpen: boolean;
  onopen(): void;
  onmessage: ((message: { data: string }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
}
let socket: ASocket | null = null;
let sockets = 0;
/** Whether the server answers pings. */
let answers = true;
/** The server takes the newest socket. */
function opened(): void {
  if (socket) socket.isOpen = true;
  socket?.onopen();
}
const status = { dataset: {} as { is?: string }, textContent: "" };

/** As much of a browser as a page without parts needs. */
beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  looks.length = 0;
  tookMs = 0;
  sockets = 0;
  answers = true;
  httpStatus = 200;
  reloads = 0;
  const nothing = { addEventListener: () => {}, querySelectorAll: () => [] };
  vi.stubGlobal("document", {
    ...nothing,
    hidden: false,
    documentElement: { dataset: { now: String(Date.now()) } },
    getElementById: (id: string) => (id === "link" ? status : null),
    querySelector: () => ({ dataset: { live: "/live" } }),
  });
  vi.stubGlobal("HTMLInputElement", class {});
  const href = "http://127.0.0.1/console";
  const reload = () => {
    reloads += 1;
  };
  vi.stubGlobal("location", { href, reload });
  vi.stubGlobal(
    "WebSocket",
    class {
      onopen = () => {};
      onmessage: ASocket["onmessage"] = () => {};
      onclose: ((event: { code: number }) => void) | null = () => {};
      constructor() {
        socket = this;
        sockets += 1;
      }
      isOpen = false;
      send() {
        if (!this.isOpen) throw new Error("InvalidStateError");
        if (answers) setTimeout(() => this.onmessage?.({ data: "pong" }), 50);
      }
      close() {
        setTimeout(() => this.onclose?.({ code: 1006 }), 10);
      }
    },
  );
  vi.stubGlobal("fetch", () => {
    looks.push(Date.now());
    const response = { ok: httpStatus === 200, status: httpStatus, url: href, headers: new Headers() };
    return new Promise((resolve) => setTimeout(resolve, tookMs, response));
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test.each([
  [20, 270],
  [2_000, 2_250],
])(
  "however often something changes, a page rests 250 ms behind each look: one of %d ms begins each %d ms",
  async (ms, everyMs) => {
    tookMs = ms;
    live(() => "");
    opened();
    await vi.advanceTimersByTimeAsync(1_000);
    looks.length = 0;
    for (let passed = 0; passed < 12_000; passed += 10) {
      socket?.onmessage?.({ data: "changed" });
      await vi.advanceTimersByTimeAsync(10);
    }

    const pauses = looks.slice(1).map((at, index) => at - (looks[index] ?? 0));
    expect(pauses.length).toBeGreaterThan(3);
    expect(new Set(pauses)).toEqual(new Set([everyMs]));
  },
);

test.each([
  [404, 1, 1],
  [403, 1, 1],
  [429, 6, 0],
  [503, 6, 0],
])(
  "a look that is answered with %d: what is so for good becomes the page, all else is tried again each 3 s",
  async (status, lookedAt, reloaded) => {
    httpStatus = status;
    live(() => "");
    opened();
    socket?.onmessage?.({ data: "changed" });
    await vi.advanceTimersByTimeAsync(16_000);
    expect([looks.length, reloads]).toEqual([lookedAt, reloaded]);
  },
);

test.each([
  [4000, 2, "live"],
  [4001, 1, "not renewed: too many pages are open under this name. Reload it to go on here"],
  [1006, 5, "connecting again since 00:16:41"],
])("behind a close with %d a page has had %d sockets a minute later, and says %j", async (code, count, says) => {
  vi.spyOn(Math, "random").mockReturnValue(1);
  live(() => "");
  opened();
  await vi.advanceTimersByTimeAsync(1_000);
  socket?.onclose?.({ code });
  if (code === 4000) opened();
  await vi.advanceTimersByTimeAsync(60_000);

  expect([sockets, status.textContent]).toEqual([count, says]);
});

test("a server that hangs is said to be away within ten seconds, since it was heard last, and is tried again", async () => {
  live(() => "");
  opened();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([status.textContent, sockets]).toEqual(["live", 1]);
  answers = false;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(status).toMatchObject({ dataset: { is: "away" }, textContent: "connecting again since 00:17:40" });
  await vi.advanceTimersByTimeAsync(20_000);
  expect(sockets).toBe(3);
  opened();
  await vi.advanceTimersByTimeAsync(1_000);
  // Something in between has taken the socket.
  expect(status.textContent).toBe("connecting again since 00:17:40");
  answers = true;
  opened();
  await vi.advanceTimersByTimeAsync(100);
  expect(status.textContent).toBe("live");
});
