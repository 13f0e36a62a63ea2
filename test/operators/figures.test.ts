import { expect, test } from "vitest";
import {
  type FigureName,
  type FigureSource,
  figuresOf,
  figureText,
  isAway,
  noLimit,
  sumOfLoads,
  withAway,
} from "../../src/operators/figures.ts";

const east = { bridge: "east", health: { portsInUse: 5, ports: 50 } };
const west = { bridge: "west", health: { portsInUse: 60, ports: 40 } };
const endless = { bridge: "north", health: { portsInUse: 1, ports: null } };
const away = { bridge: "south", health: { portsInUse: null, ports: null } };
const silent = { bridge: "far", health: null };

const shown = (source: Partial<FigureSource>, name: FigureName) => {
  const { value, missing, isStale } = figuresOf(source)[name];
  return [value, [...missing], isStale];
};

test("loads of bridges are added up; callers are known as soon as one says so, and where there is no bridge", () => {
  const load = (bridge: string, callers: number | null, more: object = {}) => {
    return { bridge, conferences: 2, callers, unknown: 1, ...more };
  };
  const loads = [load("east", 3, { stale: 2 }), load("west", null), load("north", 4)];
  expect(sumOfLoads(loads)).toEqual({ conferences: 6, callers: 7, unknown: 3, stale: 2, bridges: loads });
  expect(sumOfLoads([load("east", null)]).callers).toBe(null);
  expect(sumOfLoads([])).toEqual({ conferences: 0, callers: 0, unknown: 0, stale: 0, bridges: [] });
});

test("a bridge is away as long as no agent says what it does", () => {
  const bridges = [east, away, silent];
  expect(["east", "south", "far", "gone", null].map((name) => isAway(bridges, name))).toEqual([
    false,
    true,
    true,
    true,
    false,
  ]);
  const idle = { bridge: "idle", health: { portsInUse: 0, ports: 1 } };
  expect([
    isAway([idle], "idle"),
    withAway({ bridge: "south" }, bridges),
    withAway({ bridge: "east" }, bridges),
  ]).toEqual([false, { bridge: "south", away: true }, { bridge: "east" }]);
});

test("ports are summed up over the bridges that say theirs, and no bridge has fewer than none free", () => {
  const of = (...bridges: FigureSource["bridges"]) =>
    (["portsInUse", "portsFree", "ports"] as const).map((name) => shown({ bridges }, name).slice(0, 2));
  expect(of(east, west)).toEqual([
    [65, []],
    [45, []],
    [90, []],
  ]);
  expect(of(east, endless)).toEqual([
    [6, []],
    [noLimit, []],
    [noLimit, []],
  ]);
  expect(of(east, away, silent)).toEqual([
    [5, ["south", "far"]],
    [45, ["south", "far"]],
    [50, ["south", "far"]],
  ]);
  expect(of(away)).toEqual([
    [null, ["south"]],
    [null, ["south"]],
    [null, ["south"]],
  ]);
});

test("a bridge with conferences that the settings lack has ports, of which nobody knows how many", () => {
  const on = (bridge: string | null, count = 2) => ({ bridge, conferences: count, callers: 1, unknown: 0 });
  const conferences = (...bridges: ReturnType<typeof on>[]) => ({ conferences: 9, callers: 4, unknown: 0, bridges });
  const inUse = (...bridges: ReturnType<typeof on>[]) =>
    shown({ bridges: [east], conferences: conferences(...bridges) }, "portsInUse").slice(0, 2);
  expect(inUse(on("east"), on(null), on("over", 0))).toEqual([5, []]);
  expect(inUse(on("gone"))).toEqual([5, ["gone"]]);
  // One that is in the settings and away is named once.
  const source = { bridges: [east, away], conferences: conferences(on("south"), on("east")) };
  expect(shown(source, "portsInUse")).toEqual([5, ["south"], false]);
  expect(shown(source, "callers")).toEqual([4, ["south"], true]);
});

test("conferences and callers are as the directory says; what has not reported is missing", () => {
  const conferences = { creating: 1, running: 2, conferences: 3, callers: 40, unknown: 2, stale: 3 };
  const value = (name: FigureName) => shown({ conferences }, name);
  expect([value("conferences"), value("creating"), value("running"), value("unknown"), value("callers")]).toEqual([
    [3, [], false],
    [1, [], false],
    [2, [], false],
    [5, [], false],
    [40, ["5 conferences"], true],
  ]);
  const fresh = { conferences: 1, callers: null, unknown: 1 };
  expect([shown({ conferences: fresh }, "callers"), shown({ conferences: fresh }, "unknown")]).toEqual([
    [null, ["1 conference"], false],
    [1, [], false],
  ]);
  expect([shown({ conferences: fresh }, "creating"), shown({}, "unknown"), shown({}, "callers")]).toEqual([
    [null, [], false],
    [null, [], false],
    [null, [], false],
  ]);
});

test("documents that wait are counted, with the age of the oldest, and what nobody says of them", () => {
  const documents = { documents: 4, oldestAt: 4_000, unknown: 1, stale: 1, missing: ["the mailbox"] };
  const source = { now: 10_000, documents };
  expect(shown(source, "documentsWaiting")).toEqual([4, ["2 conferences", "the mailbox"], true]);
  expect(shown(source, "oldestDocumentSeconds")).toEqual([6, ["2 conferences", "the mailbox"], true]);
  expect(shown({ ...source, documents: { ...documents, unknown: 0, stale: 0 } }, "documentsWaiting")).toEqual([
    4,
    ["the mailbox"],
    false,
  ]);
  const oldest = (oldestAt: number | null) =>
    shown({ now: 10_000, documents: { ...documents, oldestAt } }, "oldestDocumentSeconds")[0];
  expect([oldest(10_500), oldest(11_000), oldest(11_001), oldest(null)]).toEqual([0, 0, null, 0]);
  expect([shown({}, "documentsWaiting"), shown({}, "oldestDocumentSeconds")]).toEqual([
    [null, [], false],
    [null, [], false],
  ]);
});

test("what happened in the last hour is summed up over minutes and servers", () => {
  const minute = (confirmed: number) => ({
    requests: { confirmed, refused: 2 },
    hosts: [
      { confirmed: 1, failed: 3, givenUp: 5 },
      { confirmed: 10, failed: 30, givenUp: 50 },
    ],
  });
  const value = (name: FigureName, source: Partial<FigureSource> = { minutes: [minute(7), minute(70)] }) =>
    shown(source, name)[0];
  const names = ["requestsConfirmed", "requestsRefused", "postsConfirmed", "postsFailed", "documentsGivenUp"] as const;
  expect(names.map((name) => value(name))).toEqual([77, 4, 22, 66, 110]);
  expect(names.map((name) => value(name, { minutes: [] }))).toEqual([0, 0, 0, 0, 0]);
  expect(names.map((name) => value(name, {}))).toEqual([null, null, null, null, null]);
});

test("a figure is said with what it lacks, and nobody takes what is not known for nothing", () => {
  const text = (value: number | typeof noLimit | null, missing: readonly string[] = [], isStale = false, what = "") =>
    figureText({ value, missing, isStale }, what);
  expect([text(null), text(null, ["east"], false, "caller"), text(40), text(1, [], false, "caller")]).toEqual([
    "not known",
    "callers that are not known",
    "40",
    "1 caller",
  ]);
  expect([text(40, ["east", "west"]), text(40, ["east"], true, "caller"), text(noLimit, ["east"], true)]).toEqual([
    "at least 40, not known for east, west",
    "about 40 callers, not known for east",
    "no limit; not known for east",
  ]);
});
