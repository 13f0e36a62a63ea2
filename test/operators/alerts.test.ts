import { expect, test } from "vitest";
import { alertKinds, type FoundAlert, shellWord, showAlert } from "../../src/operators/alert-kinds.ts";
import { alertsOf, bridgeAlerts, type DirectoryAlerts, type FoundBridge } from "../../src/operators/alerts.ts";

const now = 1_000_000_000;
const well = { agentConnected: true, bridgeUp: true, portsInUse: 0, ports: 10 };
const nothing: DirectoryAlerts = { found: [], waiting: [], webhooks: [], seen: [] };

const known = (more: Partial<DirectoryAlerts>, mail: DirectoryAlerts["waiting"] = []) =>
  alertsOf([], [], { domain: "local", known: { ...nothing, ...more }, mail }, now);

test.each<[FoundBridge["health"], readonly unknown[]]>([
  [well, []],
  [null, [["relay-unreachable", null]]],
  [{ ...well, agentConnected: false, bridgeUp: false, ports: 0, awaySince: 7 }, [["no-agent", 7]]],
  [{ ...well, agentConnected: false }, [["no-agent", null]]],
  [{ ...well, bridgeUp: false, ports: 0, awaySince: 7 }, [["bridge-unreachable", 7]]],
  [{ ...well, bridgeUp: false }, [["bridge-unreachable", null]]],
  [{ ...well, ports: 0, endsSince: 8 }, [["bridge-ends", 8]]],
  [{ ...well, ports: null }, []],
  [
    { ...well, fullSince: 0, drainedSince: 0 },
    [
      ["bridge-full", 0],
      ["bridge-drained", 0],
    ],
  ],
  [{ ...well, alerts: [{ kind: "no-standby-agent", about: "b", since: 9 }] }, [["no-standby-agent", 9]]],
])("alerts of a bridge with the health %j", (health, alerts) => {
  expect(bridgeAlerts({ bridge: "b", health }).map(({ kind, since }) => [kind, since])).toEqual(alerts);
});

test("sums the pending documents of each server once the oldest has waited for 30 s", () => {
  const pending = (documents: number, oldestAt: number | null, host = "tsp") => ({ host, documents, oldestAt });
  const shown = (...all: Parameters<typeof known>) =>
    known(...all).map(({ kind, about, since, count }) => [kind, about, since, count]);
  const kind = "documents-pending";
  expect(shown({ waiting: [pending(2, now - 29_999), pending(1, null, "other")] })).toEqual([]);
  expect(shown({ waiting: [pending(2, now - 30_000)] })).toEqual([[kind, "tsp", now - 30_000, 2]]);
  expect(shown({ waiting: [pending(2, now + 1_001)] })).toEqual([[kind, "tsp", now + 1_001, 2]]);
  const both = shown({ waiting: [pending(2, now - 9)] }, [pending(3, now - 60_000, "http://tsp")]);
  expect(both).toEqual([[kind, "tsp", now - 60_000, 5]]);
});

test.each([
  [{}, []],
  [{ failure: { since: 7, why: "away" }, refused: 3, oldestAt: 1 }, [["webhook-fails", 7, 1]]],
  [{ refused: 3, oldestAt: now - 60_000 }, [["webhook-fails", now - 60_000, 1]]],
  [{ refused: 3, oldestAt: now - 59_999 }, []],
  [{ refused: 0, oldestAt: now - 60_000 }, []],
  [{ givenUp: 3, lastGivenUpAt: 8 }, [["webhooks-undelivered", null, 3]]],
])("alerts of a receiver of webhooks with %j", (more, alerts) => {
  const receiver = { id: "r", url: "u", refused: 0, oldestAt: null, failure: null, givenUp: 0, lastGivenUpAt: null };
  const shown = known({ webhooks: [{ ...receiver, ...more }] });
  expect(shown.map(({ kind, since, count }) => [kind, since, count])).toEqual(alerts);
});

const seenUpTo = (id: string, upTo: number) => ({ seen: [{ id, upTo, by: "ann", at: now, note: "known" }] });
const incident: FoundAlert = { kind: "undelivered", about: "t", since: 1, latest: 2, count: 5, sequence: 5 };
const condition: FoundAlert = { kind: "commands-late", bridge: "west", since: 50, count: 2 };

test("sorts open alerts first and the worst first", () => {
  const found = [incident, condition, { kind: "clock-jumped", since: 1, why: "" } as const];
  const disk = { kind: "disk", since: 1, why: "" } as const;
  const domain = { domain: "local", known: { ...nothing, found, ...seenUpTo("commands-late:west", 50) } };
  const all = alertsOf([disk], [], { ...domain, mail: [] }, now);
  expect(all.map(({ id, domain }) => [id, domain])).toEqual([
    ["disk", null],
    ["undelivered:t", "local"],
    ["clock-jumped", "local"],
    ["commands-late:west", "local"],
  ]);
});

test.each(alertKinds)("the sentences of %s are whole", (kind) => {
  for (const count of [1, 2]) {
    const { says, todo } = showAlert({ kind, bridge: "east", about: "a", since: 1, count, why: "away." }, "local");
    expect(`${says} ${todo.text}`).not.toMatch(/[{}]|undefined|null|\.\.|\b1 \w+s\b/);
    for (const text of [says, todo.text]) expect(text).toMatch(/^[\dA-Z`].*\.$/s);
    expect(todo.command).not.toEqual([]);
  }
});

test("an id is the same for the same subject and names no number", () => {
  const idOf = (more: object, domain: string | null = "local") =>
    showAlert({ kind: "caller-refused", since: 1, ...more }, domain).id;
  expect([idOf({ about: "4420", key: "k" }), idOf({ bridge: "east", about: "1" }), idOf({}, null)]).toEqual([
    "caller-refused:k",
    "caller-refused:east:1",
    "caller-refused",
  ]);
});

test("a word is quoted if a shell would change it", () => {
  expect(["*back-end", "tsp.example.com:80", "it's", ""].map(shellWord)).toEqual([
    "'*back-end'",
    "tsp.example.com:80",
    "'it'\\''s'",
    "''",
  ]);
});
