import { expect, test } from "vitest";
import { listText } from "../../cli/operator/list-text.ts";
import { List } from "../../src/console/parts.tsx";
import type { PersonLine } from "../../src/records/person-line.ts";
import type { ListedConference } from "../../src/rpc/directory.ts";
import type { AgentView } from "../../src/rpc/relay.ts";
import { agentsOf, bridgeAgents, bridgeState } from "../../src/views/bridges.ts";
import { callers, callersOf, endedCalls, personLines } from "../../src/views/calls.ts";
import { endedConferences, foundConferences, runningConferences } from "../../src/views/conferences.ts";
import { audit, serversOf, tspServers } from "../../src/views/domain.ts";
import type { View } from "../../src/views/view.ts";
import { caller, conference, now, painted, plain } from "../cli/view-examples.ts";
import { hostile, inFrame, isHarmless, readPage } from "../console/read-page.ts";
import { aCallRecord, aConferenceRecord } from "../records/a-record.ts";

const at = now - 60_000;

function running(key: string, more: object = {}, ofNow: object = {}): ListedConference {
  const state = { attached: true, locked: false, callers: 2, rooms: 0, alerts: [], documents: 0, ...ofNow };
  const one = { key, phase: "running", createdAt: at, webexHost: "http://tsp1", bridge: "main", undelivered: 0 };
  return { ...one, now: state, ...more } as unknown as ListedConference;
}

/** Rows as a wide terminal shows them, and the same as the console does. */
function shown<Row extends object>(view: View<Row>, rows: readonly Row[], screen = { ...plain, width: 400 }) {
  const lines = listText(view)(
    rows.map((row) => ({ domain: "acme", ...row })),
    now,
    screen,
  );
  return {
    lines: lines.map((line) => line.replaceAll(/ {2,}/g, " | ")),
    page: readPage(inFrame(List, { view, rows }, { now })).replaceAll("\n", " | "),
  };
}

test("running conferences", () => {
  const { lines, page } = shown(runningConferences, [
    running("5/7", { topic: "Berths" }),
    running("6", { undelivered: 4 }, { alerts: ["posts", "commands"], documents: 3, locked: true, attached: false }),
    running("7", { phase: "creating", bridge: null }),
  ]);
  expect(lines).toEqual([
    "CONFERENCE | NAME | STATE | BRIDGE | TSP SERVER | CALLERS | WAITING | STARTED | UNDELIVERED",
    "5/7 | Berths | running | main | tsp1 | 2 | 1 min 0 s ago | 0",
    "6 | WebEx does not confirm, the bridge is late, locked, without WebEx | main | tsp1 | 2 | 3 documents | 1 min 0 s ago | 4",
    "7 | being created | tsp1 | 2 | 1 min 0 s ago | 0",
  ]);
  expect(page).toContain("5/7 → /console/acme/conferences/5%2F7 | Berths | running");
});

test("ended conferences and calls", () => {
  const ended = aConferenceRecord({ endedAt: at, runningAt: at - 5_000, seconds: 5, status: "failed", givenUp: 2 });
  expect(shown(endedConferences, [{ ...ended, clockDiffers: true }]).lines[1]).toMatch(
    /^5 \| Berth planning \| failed, 2 undelivered, 1 failover, length uncertain: .* \| main \| tsp1, tsp2 \| /,
  );
  const busy = aCallRecord({ direction: "out", answeredAt: null, status: "busy", endedBy: "nobody", number: "" });
  const { lines, page } = shown(endedCalls, [aCallRecord({ topic: "" }), { ...busy, topic: "" }]);
  expect(lines[1]).toMatch(/^14085551234 \| 77 \| 5 \| completed, dialed in \|/);
  expect(lines[2]).toMatch(/^withheld \| 77 \| 5 \| busy, called out \|.* not answered \| nobody: /);
  expect(page).toContain("5 → /console/acme/conferences/5");
});

test("callers", () => {
  const one = conference({ callers: [caller({ muted: true }), caller({ extCallId: "", speaks: true })] });
  expect(shown(callers, callersOf(one)).lines.slice(1)).toEqual([
    "555120777 | 14085550101 | 101 | 70000 | main | muted | c1",
    "555120777 | 14085550101 | 101 | not named yet | main | speaking | c1",
  ]);
  const rooms = [{ room: "main", subConfId: "7", name: "Pilots", stage: "open" }];
  expect(callersOf(conference({ callers: [caller()], rooms }))[0]?.roomName).toBe("Pilots");
});

test("what happened to a caller", () => {
  const line: PersonLine = {
    what: "not-let-in",
    from: at,
    to: now,
    number: "",
    attendeeId: "",
    conference: "5",
    call: "c1",
    why: "The conference was locked.",
  };
  const { lines, page } = shown(personLines, [line, { ...line, what: "inside", to: null, turnedAway: true }]);
  expect(lines[1]).toContain(" | not admitted | 5 | withheld | 1 min 0 s | The conference was locked. | c1");
  expect(page.match(/Why\? → \/console\/acme\/conferences\/5\/timeline\?call=c1&why=1/g)).toHaveLength(1);
});

const health = { bridgeUp: true, portsInUse: 3, ports: 240, version: "1.4.0", waiting: { commands: 1, reports: 20 } };
const agent: AgentView = { agent: "a1", role: "active", lastSeen: now - 2_000, health };

test("bridges and agents: Role is active or standby, Bridge is up or down", () => {
  const of = { bridge: "one", drainedSince: null, agents: [agent] };
  const gone = { ...agent, agent: "a2", role: "standby", lastSeen: null, health: null } as const;
  const down = { ...agent, health: { ...health, bridgeUp: false, portsInUse: null } };
  const bridges = [
    { ...of, missing: ["a3"], drainedSince: now },
    { ...of, agents: [gone, down, { ...agent, role: "standby" as const, health: null }] },
    { ...of, agents: [] },
    { ...of, agents: null },
  ];
  expect(shown(bridgeAgents, bridges.flatMap(agentsOf)).lines).toEqual([
    "BRIDGE | AGENT | ROLE | BRIDGE IS | LAST SEEN | PORTS IN USE | WAITING | VERSION",
    "one | a1 | active | up, drained | 2.0 s ago | 3 of 240 | 1 command, 20 reports | 1.4.0",
    "one | a3 | not connected",
    "one | a2 | was standby",
    "one | a1 | active | down | 2.0 s ago | not known | 1 command, 20 reports | 1.4.0",
    "one | a1 | standby | not reported yet | 2.0 s ago",
    "one | no agent | not connected",
    "one | relay does not answer | not connected",
  ]);
  const noCalls = { ...of, agents: [{ ...agent, health: { ...health, ports: 0 } }] };
  expect([of, ...bridges, noCalls].map((one) => bridgeState(one).text)).toEqual([
    ...["up", "drained", "down", "no active agent", "relay does not answer", "up, takes no calls"],
  ]);
});

test("TSP servers: the longest queue comes first", () => {
  const posts = {
    confirmed: 199,
    refused: 0,
    failed: 1,
    givenUp: 2,
    tookMs: 5_970,
    lastFailure: { at, why: "HTTP 503" },
  };
  const load = { conferences: 3, documents: 4, oldestDocumentAt: at, failure: "HTTP 503", affected: ["5"] };
  const idle = { ...load, documents: 0, oldestDocumentAt: null, failure: null, affected: [] };
  const requests = { confirmed: 0, refused: 0 };
  const activity = {
    minutes: [0, 1].map((index) => ({ at, requests, hosts: [{ ...posts, host: index === 0 ? "tsp1" : null }] })),
    hosts: [
      { ...idle, host: "tsp2" },
      { ...load, host: "tsp1" },
    ],
  };
  const { lines, page } = shown(tspServers, serversOf(activity as never));
  expect(lines.slice(1).map((line) => line.split(" | ")[0])).toEqual(["tsp1", "all others", "tsp2"]);
  expect(lines[1]).toMatch(
    /^tsp1 \| 3 \| 99 %, 199 of 200 \| 30 ms \| 2 \| 4 documents \| 1 min 0 s ago \| .*, HTTP 503$/,
  );
  expect(page).toContain("5 → /console/acme/conferences/5");
});

test("audit and found conferences", () => {
  const entry = {
    at: now,
    person: "anna",
    role: "viewer",
    by: "session",
    action: "mute",
    about: { confKey: "5", call: "c1" },
    actionId: "k1",
    status: 403,
    refusal: "not allowed",
    from: "192.0.2.7",
    repeat: true,
  } as const;
  expect(shown(audit, [entry]).lines[1]).toMatch(
    / \| anna, viewer, by session \| mute, repeated \| 5, call c1 \| not allowed \| 192\.0\.2\.7$/,
  );
  const found = { key: "5", state: "kept", at: null, by: "message", row: 12 } as const;
  const { lines, page } = shown(foundConferences, [
    found,
    { key: "6", state: "over", at, by: "sub-conference", room: "Pilots" },
  ]);
  expect(lines.slice(1)).toEqual([
    "5 | journal only | message, row 12",
    expect.stringContaining("6 | ended | sub-conference Pilots"),
  ]);
  expect(page).toContain("message, row 12 → /console/acme/conferences/5/timeline?row=12");
});

test("an empty list says what it would have", () => {
  expect(shown(runningConferences, []).lines).toEqual(["No conference runs."]);
  expect(shown(runningConferences, []).page).toContain("New conferences appear here.");
});

test("a narrow terminal gets at most 80 columns, and nothing is lost", () => {
  const rows = [
    running("555120777", { topic: "Harbour pilots and berths", undelivered: 4 }, { alerts: ["posts"], documents: 3 }),
  ];
  const { lines } = shown(runningConferences, rows, plain);
  expect(lines[0]).toMatch(/^CONFERENCE \| NAME/);
  expect(lines.slice(2).join("; ")).toMatch(/waiting 3 documents; started 1 min 0 s ago; undelivered 4$/);
  const widths = listText(runningConferences)([{ domain: "acme", ...rows[0] } as never], now, plain).map(
    (line) => line.length,
  );
  expect(Math.max(...widths)).toBeLessThanOrEqual(80);
});

test("the worst mark of a cell has its color, and the domain is named if there are several", () => {
  const rows = ["acme", "bell"].map((domain) => ({
    domain,
    ...running("6", {}, { alerts: ["posts"], locked: true }),
  }));
  const lines = listText(runningConferences)(rows, now, { ...painted, width: 400 });
  expect(lines[1]).toContain("<red>WebEx does not confirm, locked</>");
  expect(lines[0]).toMatch(/^<dim>DOMAIN/);
});

test("names from outside stay texts, each isolated", () => {
  const name = "\u202eabc";
  const html = inFrame(
    List,
    { view: runningConferences, rows: [running(hostile, { topic: name })] },
    { domain: hostile },
  );
  expect(html).toContain(`>${name}</bdi>`);
  expect(isHarmless(html)).toBe(true);
});
