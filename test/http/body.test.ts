import { expect, test, vi } from "vitest";
import { readBody } from "../../src/http/body.ts";
import { FakeEdge, timers, token } from "./fake-edge.ts";

/** A body in pieces; `piecesRead` counts those that were read. */
function inPieces(pieces: readonly Uint8Array[]): {
  readonly stream: ReadableStream;
  readonly piecesRead: () => number;
} {
  let next = 0;
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    const piece = pieces[next++];
    if (piece) controller.enqueue(piece);
    else controller.close();
  };
  return { stream: new ReadableStream({ pull }, { highWaterMark: 0 }), piecesRead: () => next };
}

function request(body: BodyInit | null, headers: Record<string, string> = {}): Request {
  // Node takes a stream as a body only with `duplex`, which the common type does not know.
  const init: RequestInit & { duplex: "half" } = { method: "POST", body, headers, duplex: "half" };
  return new Request("http://edge.example.com/", init);
}

test("a body is put together from its pieces, and no body is an empty one", async () => {
  const { stream } = inPieces([Uint8Array.of(1, 2), Uint8Array.of(3)]);

  expect(await readBody(request(stream), 3, timers)).toEqual({ ok: true, value: Uint8Array.of(1, 2, 3) });
  expect(await readBody(request(null), 3, timers)).toEqual({ ok: true, value: new Uint8Array() });
});

test.each<[string, Record<string, string>]>([
  ["no Content-Length", {}],
  ["a Content-Length that is no number", { "content-length": "many" }],
  ["a Content-Length beside chunks", { "content-length": "2", "transfer-encoding": "chunked" }],
  ["a Content-Length of compressed bytes", { "content-length": "2", "content-encoding": "gzip" }],
  ["Expect: 100-continue, and no Content-Length", { expect: "100-continue" }],
])("with %s a body that is too long is read to its end, and none without an end", async (_what, headers) => {
  for (const pieces of [100, 1_000]) {
    const { stream, piecesRead } = inPieces(Array.from({ length: pieces }, () => new Uint8Array(100_000)));

    expect(await readBody(request(stream, headers), 25, timers)).toMatchObject({ ok: false, error: { status: 413 } });
    expect(piecesRead()).toBe(Math.min(pieces + 1, 168)); // 16 MiB and 25 bytes.
  }
});

test("a body of more than its Content-Length does not pass the limit", async () => {
  const { stream } = inPieces([new Uint8Array(20), new Uint8Array(10)]);

  const read = await readBody(request(stream, { "content-length": "2" }), 25, timers);

  expect(read).toMatchObject({ ok: false, error: { status: 413 } });
});

test.each<[string, number, Record<string, string>]>([
  ["that is far over the limit", 26 + 16 * 1024 * 1024, {}],
  ["that is over the limit, with Expect: 100-continue,", 26, { expect: "100-continue" }],
])("a Content-Length %s is believed without reading", async (_what, length, headers) => {
  const { stream, piecesRead } = inPieces([new Uint8Array(10)]);

  const read = await readBody(request(stream, { "content-length": String(length), ...headers }), 25, timers);

  expect(read).toMatchObject({ ok: false, error: { status: 413 } });
  expect(piecesRead()).toBe(0);
});

test.each<[string, number, Record<string, string>]>([
  ["by its Content-Length", 1, { "content-length": "26" }],
  ["by what has come", 3, {}],
])("a body that is too long %s and never ends is 413, since no repeat would help", async (_what, pieces, headers) => {
  const late = {
    after: (_ms: number, run: () => void) => {
      setImmediate(run);
      return () => {};
    },
  };
  let left = pieces;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      left -= 1;
      if (left >= 0) controller.enqueue(new Uint8Array(10));
      return left >= 0 ? undefined : new Promise(() => {});
    },
  });

  expect(await readBody(request(stream, headers), 25, late)).toMatchObject({ ok: false, error: { status: 413 } });
});

test("a document of 1 MiB is read, and one byte more is 413 (protocol T8)", async () => {
  const edge = new FakeEdge();

  expect((await edge.post(" ".repeat(1024 * 1024))).status).toBe(200);
  expect((await edge.post(" ".repeat(1024 * 1024 + 1))).status).toBe(413);
});

test("a body that never comes to its end is answered with 408 after 10 s, and not waited for", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const after = vi.spyOn(timers, "after");
  try {
    const edge = new FakeEdge();
    let cancelled = false;
    const slow = () =>
      new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(Uint8Array.of(0x3c)),
        cancel: () => {
          cancelled = true;
        },
      });
    const authorization = `Bearer ${token}`;
    const ask = (path: string, method: string, headers: Record<string, string> = {}) => {
      const init = { method, body: slow(), headers: { authorization, ...headers }, duplex: "half" };
      return edge.app.request(path, init as RequestInit);
    };
    const answers = Promise.all([
      ask("/tsp/local", "POST"),
      ask("/tsp/local", "POST", { "content-length": "700" }),
      ask("/api/v1/domains/local/conferences/555111222/hybrid", "PUT"),
    ]);
    const bodiesWaitedFor = () => after.mock.calls.filter(([ms]) => ms === 10_000).length;
    while (bodiesWaitedFor() < 3) await new Promise(setImmediate); // The token is checked first.
    vi.advanceTimersByTime(10_000);

    expect((await answers).map(({ status }) => status)).toEqual([408, 408, 408]);
    expect(edge.lines).toMatchObject([{ result: "too-slow" }, { result: "too-slow" }]);
    expect(cancelled).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    after.mockRestore();
    vi.useRealTimers();
  }
});
