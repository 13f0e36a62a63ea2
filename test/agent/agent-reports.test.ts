import { describe, expect, test } from "vitest";
import { Digests } from "../../bridge-agent/core/digests.ts";
import { digestOf } from "../../src/bridge/state.ts";
import type { CommandId, ConfKey } from "../../src/foundation/ids.ts";
import { AgentWorld, create, KEY, OWNER, running } from "./agent-world.ts";

function unacknowledged(): AgentWorld {
  const world = running();
  world.edgeDeaf = true;
  world.machine.lockByTelephone(KEY, true);
  world.settle();
  world.edgeDeaf = false;
  return world;
}
const locked = [{ type: "lock-changed", locked: true }];

test("resends unacknowledged reports after a second", () => {
  const world = unacknowledged();
  world.pass(800);
  expect(world.events()).toEqual([]);
  world.pass(400);
  expect(world.events()).toEqual(locked);
  world.pass(5_000);
  expect(world.events()).toEqual(locked);
});

test("sends its clock only with reports that contain times", () => {
  const world = running();
  world.machine.lockByTelephone(KEY, true);
  world.settle();
  world.silent = true;
  const begunAt = world.now;
  world.machine.endByTelephone(KEY);
  world.settle();
  world.pass(1_000);
  const clocks = (type: string) =>
    world.heard.flatMap((message) => {
      if (message.type !== "reports") return [];
      const { reports, at } = message;
      return reports.some(({ report }) => report.type === "event" && report.event.type === type) ? [at] : [];
    });
  expect(clocks("lock-changed")).toEqual([undefined]);
  expect(clocks("conference-ended")).toEqual([begunAt, begunAt + 1_000]);
});

test("resends unacknowledged reports at once after a reconnect", () => {
  const world = unacknowledged();
  world.loseEdge();
  world.connectEdge();
  world.settle();
  expect(world.events().slice(0, 1)).toEqual(locked);
});

test("a thousand reconnects neither lose nor repeat an event", () => {
  const world = running();
  for (let round = 0; round < 1_000; round += 1) {
    world.silent = round % 3 === 0; // It takes what it hears, and the link is gone before it says so.
    world.machine.lockByTelephone(KEY, round % 2 === 0);
    world.settle();
    world.silent = false;
    world.loseEdge();
    world.pass(200);
    world.epoch += 1;
    world.connectEdge();
    world.settle();
  }
  const changes = world.events().flatMap((event) => (event.type === "lock-changed" ? [event.locked] : []));
  expect(changes).toEqual(Array.from({ length: 1_000 }, (_, round) => round % 2 === 0));
  const streams = world.heard.flatMap((message) => (message.type === "reports" ? [message.stream] : []));
  expect(new Set(streams).size).toBe(1);
  expect(world.status.unacknowledged).toBe(0);
  world.pass(61_000);
});

test("sends a new snapshot while an older one is unacknowledged", () => {
  const world = running();
  world.silent = true;
  world.restart();
  world.settle();
  world.loseBridge();
  Object.assign(world.machine.world.conferences.get(KEY) ?? {}, { locked: true });
  world.connectBridge();
  world.settle();
  world.silent = false;
  world.pass(2_000);
  const shown = world.events().flatMap((event) => (event.type === "snapshot" ? [event.conference?.locked] : []));
  expect(shown).toEqual([false, true]);
});

test("resends unacknowledged reports after a crash", () => {
  const world = unacknowledged();
  world.restart();
  world.settle();
  expect(world.events().slice(0, 1)).toEqual(locked);
});

test.each([
  ["more than was ever told", 40],
  ["less than it took", 0],
])("restarts the stream of an edge that knows %s", (_, upTo) => {
  const world = running();
  world.remember(KEY, upTo);
  world.machine.lockByTelephone(KEY, true);
  world.pass(2_000);
  expect(world.events()).toEqual([{ type: "snapshot", conference: expect.objectContaining({ locked: true }) }]);
  world.machine.lockByTelephone(KEY, false);
  world.pass(2_000);
  expect(world.events().slice(1)).toEqual([{ type: "lock-changed", locked: false }]);
  expect(world.status.unacknowledged).toBe(0);
});

test("restarts only the stream that the edge has forgotten", () => {
  const other = "123456789" as ConfKey;
  const world = running();
  world.command("other", create, {}, other);
  world.settle();
  world.silent = true;
  world.machine.lockByTelephone(KEY, true);
  world.settle();
  world.silent = false;
  world.remember(other, 0);
  world.command("lock", { type: "lock" }, {}, other);
  world.pass(3_000);
  expect(world.events()).toEqual([
    { type: "lock-changed", locked: true },
    { type: "snapshot", conference: expect.objectContaining({ locked: true, callers: [] }) },
  ]);
  expect(world.results()).toEqual({ create: true, other: true, lock: true });
  expect(world.status.unacknowledged).toBe(0);
});

test("replaces a long backlog by a snapshot and keeps results", () => {
  const world = running();
  world.edgeDeaf = true;
  world.command("unlock", { type: "unlock" });
  world.settle();
  world.edgeDeaf = false;
  world.loseEdge();
  world.settle();
  let most = 0;
  for (let count = 0; count < 13_001; count += 1) {
    world.machine.lockByTelephone(KEY, count % 2 === 0);
    world.settle();
    most = Math.max(most, world.status.unacknowledged);
  }
  expect(most).toBeLessThan(5_002);
  world.connectEdge();
  world.settle();
  expect(world.results()).toEqual({ create: true, unlock: true });
  expect(world.events()[0]).toMatchObject({ type: "snapshot" });
  expect(world.events().at(-1)).toMatchObject({ type: "snapshot", conference: { locked: true } });
});

test("keeps the newest attendee ID when a snapshot replaces a backlog", () => {
  const world = running();
  const id = world.machine.dialIn("1", "987654321#444#");
  world.settle();
  world.loseEdge();
  const leg = world.machine.world.calls.get(id);
  if (leg) world.machine.press(leg, "*1444#*1555#");
  for (let count = 0; count < 6_000; count += 1) {
    world.machine.lockByTelephone(KEY, count % 2 === 0);
    world.settle();
  }
  world.connectEdge();
  world.settle();
  expect(world.events().slice(1, 3)).toEqual([
    expect.objectContaining({ type: "attendee-identified", call: id, attendeeId: "555" }),
    expect.objectContaining({ type: "snapshot" }),
  ]);
});

test("a flood goes out in messages of bounded size, in order", () => {
  const world = running();
  world.loseEdge();
  for (let count = 0; count < 1_200; count += 1) world.machine.lockByTelephone(KEY, count % 2 === 0);
  world.settle();
  world.connectEdge();
  world.settle();
  expect(world.events().filter(({ type }) => type === "lock-changed")).toHaveLength(1_200);
  const sizes = world.heard.flatMap((message) => (message.type === "reports" ? [message.reports.length] : []));
  expect(sizes).toEqual([1, 500, 500, 201]);
});

test("keeps an ended conference until all its reports are acknowledged", () => {
  const world = running();
  world.silent = true;
  world.machine.lockByTelephone(KEY, true);
  world.settle();
  world.machine.endByTelephone(KEY);
  world.settle();
  const first = world.heard.findLast((message) => message.type === "reports");
  if (!first) expect.unreachable();
  world.silent = false;
  world.tell({ type: "reports-ack", conference: KEY, stream: first.stream, upTo: first.reports[0]?.number ?? 0 });
  world.pass(2_000);
  expect(world.events().map(({ type }) => type)).toEqual(["lock-changed", "conference-ended"]);
});

test("begins a new stream for a new conference of the same key", () => {
  const world = running();
  world.command("end", { type: "end-conference" });
  world.settle();
  world.remember(KEY, 0); // Its object was deleted meanwhile.
  world.command("again", create);
  world.settle();
  expect(world.results()).toEqual({ create: true, end: true, again: true });
  expect(world.accepted).toHaveLength(3);
});

function keyOf(index: number): ConfKey {
  return `${100_000_000 + index}` as ConfKey;
}

function withConferences(count: number): AgentWorld {
  const world = new AgentWorld();
  world.connect();
  for (let index = 0; index < count; index += 1) world.command(`create-${index}`, create, {}, keyOf(index));
  world.settle();
  return world;
}

describe("each minute", () => {
  const digests = (world: AgentWorld) =>
    world.heard.flatMap((message) => (message.type === "digests" ? message.digests : []));
  const snapshots = (world: AgentWorld) => world.events().filter(({ type }) => type === "snapshot");

  test("sends the digest of each quiescent conference", () => {
    const world = running();
    world.machine.dialIn("1", "987654321#444#");
    world.settle();
    world.pass(59_000);
    expect(digests(world)).toEqual([]);
    world.pass(1_200);
    const { callers } = snapshotOfBridge(world);
    expect(digests(world)).toEqual([
      { conference: KEY, digest: digestOf({ locked: false, callers, dialled: [], rooms: [], speaking: null }) },
    ]);
    world.machine.setFaults({ delayMs: 100_000, refuse: [], down: false });
    world.command("lock", { type: "lock" });
    world.pass(60_000);
    expect(digests(world)).toHaveLength(1);
    expect(snapshots(world)).toEqual([]);
  });

  test("sends a confirmed digest less often, a changed one at once", () => {
    const world = running();
    world.pass(60_200);
    const [digest] = digests(world);
    if (!digest) throw new Error("no digest was sent");
    world.tell({ type: "digest-confirmed", ...digest });
    world.pass(60_000);
    expect(digests(world)).toHaveLength(1);
    world.pass(60_000);
    world.tell({ type: "digest-confirmed", ...digest });
    expect(digests(world)).toHaveLength(2);
    Object.assign(world.machine.world.conferences.get(KEY) ?? {}, { locked: true });
    world.pass(60_000);
    expect(digests(world)).toHaveLength(3);
  });

  test.each([
    [
      "has the edge's digest",
      (world: AgentWorld) =>
        digestOf({ ...snapshotOfBridge(world), locked: false, dialled: [], rooms: [], speaking: null }),
      0,
    ],
    ["has another one", () => "other", 1],
    [
      "was asked for in any case as well",
      (world: AgentWorld) => {
        world.tell({ type: "snapshot-wanted", conference: KEY });
        return digestOf({ ...snapshotOfBridge(world), locked: false, dialled: [], rooms: [], speaking: null });
      },
      1,
    ],
  ])(
    "of a conference that %s, asked for unless it has that, so many snapshots are sent: %#",
    (_what, unless, count) => {
      const world = running();
      world.machine.dialIn("1", "987654321#444#");
      world.settle();
      world.tell({ type: "snapshot-wanted", conference: KEY, unless: unless(world) });
      world.pass(60_400);
      expect(snapshots(world)).toHaveLength(count);
    },
  );

  test("answers a request for a conference that nobody has", () => {
    const world = new AgentWorld();
    world.connect();
    world.settle();
    world.tell({ type: "snapshot-wanted", conference: KEY, unless: "open.0.0.0" });
    world.pass(60_400);
    expect(world.events()).toEqual([{ type: "snapshot", conference: null }]);
  });

  test("reads the bridge's state once for all compared conferences", () => {
    const questions = [10, 300].map((conferences) => {
      const world = withConferences(conferences);
      const before = world.stateQuestions;
      for (let index = 0; index < conferences; index += 1) {
        world.tell({ type: "snapshot-wanted", conference: keyOf(index), unless: "other" });
        world.pass(100);
      }
      world.pass(60_400);
      expect(snapshots(world)).toHaveLength(conferences);
      return world.stateQuestions - before;
    });
    expect(questions).toEqual([1, 2]);
  });

  test("compares 600 busy conferences within five rounds", () => {
    const digests = new Digests();
    const sent = new Set<ConfKey>();
    for (const round of [1, 2, 3, 4, 5]) {
      const known = sent.size;
      const found = Array.from({ length: 600 }, (_, index) => ({ conference: keyOf(index), digest: "open" }));
      digests.beginRound(found.map((one) => ({ ...one, position: `report ${round}` })));
      while (digests.isSending) for (const { conference } of digests.next(() => true)) sent.add(conference);
      expect(sent.size - known).toBeLessThan(150);
    }
    expect(sent.size).toBe(600);
  });

  test("sends the digest of an unreported change in the next round", () => {
    const world = withConferences(600);
    world.pass(6 * 60_000);
    Object.assign(world.machine.world.conferences.get(keyOf(599)) ?? {}, { locked: true });
    world.pass(110_000);
    const { digest } = digests(world).findLast(({ conference }) => conference === keyOf(599)) ?? {};
    expect(digest).toBe(digestOf({ locked: true, callers: [], dialled: [], rooms: [], speaking: null }));
  });

  test("the digests of many conferences are spread over the minute", () => {
    const world = withConferences(1_201);
    world.pass(60_200);
    const sizes = () => world.heard.flatMap((message) => (message.type === "digests" ? [message.digests.length] : []));
    expect(sizes()).toEqual([2]);
    // A change makes a digest wrong that was not sent yet.
    world.machine.lockByTelephone(keyOf(1_200), true);
    world.pass(24_000);
    expect(sizes()).toEqual(Array.from({ length: 120 }, () => 2));
    world.pass(35_000);
    expect(sizes()).toHaveLength(120);
  });

  test("sends the digest of a conference that only the bridge knows", () => {
    const world = new AgentWorld();
    world.machine.execute(OWNER, "elsewhere" as CommandId, "1" as ConfKey, create, () => {});
    world.connect();
    world.pass(60_400);
    expect(digests(world)).toEqual([
      { conference: "1", digest: digestOf({ locked: false, callers: [], dialled: [], rooms: [], speaking: null }) },
    ]);
  });

  test("reports a conference that the bridge dropped without an event", () => {
    const world = running();
    world.machine.world.endConference(KEY);
    world.pass(60_400);
    expect(snapshots(world)).toEqual([{ type: "snapshot", conference: null }]);
    world.pass(60_400);
    expect(snapshots(world)).toHaveLength(1);
  });

  function snapshotOfBridge(world: AgentWorld) {
    const callers = world.machine.state().calls.flatMap((held) => (held.stage === "entered" ? [held] : []));
    return { callers };
  }
});
