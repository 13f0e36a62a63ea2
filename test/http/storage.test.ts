import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Storage } from "../../src/http/storage.ts";
import { FakeEdge } from "./fake-edge.ts";

let transactions = 1_000;
const created = (index: number) =>
  `<?xml version="1.0"?><WbxTSPSchema><TransID>${++transactions}</TransID><W2A_CreateConference MsgID="11" WbxHostName="tsp1.example.com" ExtConfID="700000${index}" ConfKey="55511100${index}"/></WbxTSPSchema>`;

let edge: FakeEdge;
beforeEach(() => {
  edge = new FakeEdge();
  edge.health.set("simulated", { agentConnected: true, bridgeUp: true, portsInUse: 0, ports: null });
});

afterEach(() => {
  vi.useRealTimers();
});

/** The answers of /healthz, /readyz and the metric, a second later. */
async function told(): Promise<unknown[]> {
  edge.time += 1_000;
  const [health, ready] = [await edge.app.request("/healthz"), await edge.app.request("/readyz")];
  const up = await edge.metric("bridgehead_storage_up");
  return [health.status, ready.status, up, ((await health.json()) as { readonly disk?: string }).disk];
}

test("a disk that works is asked once a second, whoever asks", async () => {
  expect(await told()).toEqual([200, 200, "1", undefined]);
  const { asked } = edge.disk;
  await Promise.all(Array.from({ length: 100 }, () => edge.app.request("/healthz")));
  expect([asked, edge.disk.asked]).toEqual([1, 1]);
});

test("a disk that is full is told until it has room again", async () => {
  edge.disk.full = true;
  expect(await told()).toEqual([503, 503, "0", expect.stringContaining("nothing can be written")]);
  edge.disk.full = false;
  expect(await told()).toEqual([200, 200, "1", undefined]);
});

test.each([null, "another mark"])(
  "a state folder that is gone is told, also when another is in its place: %s",
  async (file) => {
    await told();
    edge.disk.file = file;
    const gone = [503, 503, "0", expect.stringContaining("the state folder was deleted or replaced")];
    expect(await told()).toEqual(gone);
    expect(await told()).toEqual(gone);
    expect(edge.disk.file).toBe(file);
  },
);

test("the log has one line when the disk fails, and one when it works again", async () => {
  await told();
  const { file } = edge.disk;
  edge.disk.file = null;
  for (let asked = 0; asked < 3; asked += 1) await told();
  expect(edge.logged).toEqual(["storage-fails"]);
  expect(edge.lines[0]).toEqual({ disk: expect.stringContaining("the state folder was deleted or replaced") });

  edge.disk.file = file;
  await told();
  await told();
  expect(edge.logged).toEqual(["storage-fails", "storage-works-again"]);
  expect(edge.lines[1]).toEqual({ failedMs: 3_000 });
});

test("a document that finds the disk full is logged so, also where the platform gives no reason", async () => {
  edge.refuses = "internal error; reference = abc";
  edge.disk.full = true;
  expect((await edge.post(created(1))).status).toBe(503);
  const line = () => edge.lines[edge.logged.lastIndexOf("document-not-stored")];
  expect(line()).toMatchObject({ disk: expect.stringContaining("is the disk full or read-only?") });
  expect(await edge.metric('bridgehead_object_storage_failures_total{domain="local"}')).toBe("0");

  edge.refuses = "database or disk is full: SQLITE_FULL";
  expect((await edge.post(created(2))).status).toBe(503);
  expect(line()).toMatchObject({ disk: "the disk is full" });
});

test("a disk that hangs is told after two seconds, to a document and to monitoring", async () => {
  vi.useFakeTimers();
  edge.refuses = "internal error; reference = abc";
  edge.disk.pauses = () => new Promise(() => {});
  const answers = [edge.post(created(1)), edge.app.request("/healthz")];
  await vi.advanceTimersByTimeAsync(2_000);
  expect(edge.lines).toContainEqual(expect.objectContaining({ disk: "the disk took longer than 2000 ms" }));
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([503, 503]);
});

test.each([3_000, 1_500, 900])("a disk that hangs is in the log once, if it is asked for each %s ms", async (every) => {
  vi.useFakeTimers();
  edge.disk.pauses = () => new Promise(() => {});
  for (let at = 0; at < 20_000; at += every) {
    void edge.app.request("/healthz");
    await vi.advanceTimersByTimeAsync(every);
    edge.time += every;
  }
  expect(edge.logged).toEqual(["storage-fails"]);
});

test("forgets a failed commit within 1 s of free space", async () => {
  await told();
  edge.disk.room = 4_096;
  edge.refuses = "database or disk is full: SQLITE_FULL";
  expect((await edge.post(created(1))).status).toBe(503);
  edge.refuses = null;
  expect((await edge.post(created(2))).status).toBe(200);
  for (let seconds = 0; seconds < 3; seconds += 1)
    expect(await told()).toEqual([503, 503, "0", expect.stringContaining("is the disk full or read-only?")]);
  edge.disk.room = Number.POSITIVE_INFINITY;
  expect(await told()).toEqual([200, 200, "1", undefined]);
  edge.disk.room = 4_096;
  expect(await told()).toEqual([200, 200, "1", undefined]);
});

test("counts a failed commit for a minute without a disk to probe", async () => {
  let now = 0;
  const storage = new Storage({ after: () => () => {}, now: () => now, disk: null, mark: "", log: () => {} });
  storage.failed("SQLITE_FULL");
  now = 59_999;
  expect(await storage.fault()).toBe("SQLITE_FULL");
  now = 60_000;
  expect(await storage.fault()).toBeNull();
});

test("a commit that failed counts for no longer where the clock is set back", async () => {
  edge.refuses = "database or disk is full: SQLITE_FULL";
  expect((await edge.post(created(1))).status).toBe(503);
  edge.time -= 3_600_000;
  expect(await told()).toEqual([200, 200, "1", undefined]);
});

test("a commit that fails is told at once, and does not ask the disk again", async () => {
  await told();
  const { asked } = edge.disk;
  edge.refuses = "database or disk is full: SQLITE_FULL";
  await edge.post(created(1));
  expect((await edge.app.request("/healthz")).status).toBe(503);
  expect(edge.disk.asked).toBe(asked);
});

test("a disk whose first two answers come late and in the wrong order is not taken for another one", async () => {
  const answers: (() => void)[] = [];
  edge.disk.pauses = () => new Promise((resolve) => answers.push(resolve));
  const first = edge.app.request("/healthz");
  edge.time += 1_000;
  const second = edge.app.request("/healthz");
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  answers[1]?.();
  await second;
  answers[0]?.();
  await first;

  edge.disk.pauses = async () => {};
  expect(await told()).toEqual([200, 200, "1", undefined]);
});

test("where the edge waits for the disk itself, a Confirmation counts only then, and as not stored where that fails", async () => {
  const metrics = async () => [
    await edge.metric('bridgehead_documents_total{domain="local",result="ok"}'),
    await edge.metric('bridgehead_documents_not_stored_total{domain="local"}'),
    await edge.metric('bridgehead_confirm_seconds_bucket{domain="local",le="1"}'),
    await edge.metric('bridgehead_confirm_seconds_count{domain="local"}'),
  ];
  edge.onDisk = async () => {
    edge.time += 3_000;
  };
  expect((await edge.post(created(1))).status).toBe(200);
  expect(await metrics()).toEqual(["1", "0", "0", "1"]);

  edge.onDisk = () => Promise.reject(new Error("what the answer stands on was not written to disk"));
  const answer = await edge.post(created(2));
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "2"]);
  expect(await metrics()).toEqual(["1", "1", "1", "2"]);
  expect(edge.lines[edge.logged.lastIndexOf("document-not-stored")]).toMatchObject({
    error: "Error: what the answer stands on was not written to disk",
  });
});

test.each([
  ["a damaged database is that of one object, which has a metric of its own", "internal error; reference = abc", "1"],
  ["one that is no database", "file is not a database: SQLITE_NOTADB", "1"],
  ["a bridge that is behind is no fault of storage", "the bridge is too far behind to answer in time", "0"],
])("%s", async (_, why, counted) => {
  edge.refuses = why;
  expect((await edge.post(created(1))).status).toBe(503);

  expect(await told()).toEqual([200, 200, "1", undefined]);
  expect(await edge.metric('bridgehead_object_storage_failures_total{domain="local"}')).toBe(counted);
  expect(edge.logged).toEqual(["document-not-stored"]);
});
