import { expect, test } from "vitest";
import type { AgentsOfBridge, ServerOfDomain } from "../../cli/operator/operator-client.ts";
import {
  agentsText,
  callsOf,
  callsText,
  conferencesText,
  conferenceText,
  serversText,
} from "../../cli/operator/views.ts";
import type { RoomId, SubConfId, WebexHost } from "../../src/foundation/ids.ts";
import { secondText } from "../../src/foundation/time/shown-time.ts";
import { caller, command, conference, document, now, outage, painted, plain } from "./view-examples.ts";

test("conferences are a line each, with what waits in them", () => {
  const list = [
    conference({ callers: [caller()], commands: [command], documents: [document, document] }),
    conference({ key: "555120888", locked: true, lastAt: now - 300 }),
    conference({ key: "555120999", phase: "ended", host: "" }),
    conference({ key: "555120666", attached: false }),
    conference({ key: "555120555", phase: "not-created", host: "" }),
  ];

  expect(conferencesText(list, now, plain)).toEqual([
    "CONFERENCE  STATE        CALLERS  BRIDGE     TSP SERV…  WAITING       LAST",
    "555120777   running      1        simulated  tsp1.exa…  1 cmd, 2 doc  12 s ago",
    "555120888   locked       0        simulated  tsp1.exa…                300 ms ago",
    "555120999   ended        0        simulated                           12 s ago",
    "555120666   kept alive   0        simulated  tsp1.exa…                12 s ago",
    "555120555   not created  0        simulated                           12 s ago",
  ]);
  expect(conferencesText([], now, plain)).toEqual(["no conference"]);
});

test("a domain is named where there are several", () => {
  const titles = (...domains: readonly string[]) =>
    conferencesText(
      domains.map((domain) => conference({ domain })),
      now,
      plain,
    )[0];

  expect(titles("acme", "acme")).not.toContain("DOMAIN");
  expect(titles("acme", "local")).toMatch(/^DOMAIN {2}CONFERENCE/);
});

test("a conference shows its callers, and what it waits for", () => {
  const one = conference({
    callers: [caller(), caller({ call: "c2", extCallId: "", number: "", attendeeId: "", speaks: true })],
    callOuts: [{ call: "leg-1", number: "14085550123", stage: "ringing", extCallId: "9001" }],
    rooms: [{ room: "r7", subConfId: "1", name: "Harbour pilots", stage: "open" }],
    commands: [command, { ...command, id: "555120777.10.7", type: "mute", sent: 3, taken: false, answerBy: null }],
    documents: [document, { ...document, transId: "61365000007", attempts: 0, failure: undefined }],
  });

  expect(conferenceText(one, now, plain)).toEqual([
    "conference 555120777 of local, running, last input 12 s ago",
    "bridge simulated, WebEx tsp1.example.com:8800, ExtConfID 3100417",
    "",
    "2 callers",
    "  NUMBER       ATTENDEE  EXTCALLID  ROOM  STATE   CALL",
    "  14085550101  101       70000      main          c1",
    "  withheld               not named  main  speaks  c2",
    "",
    "1 call that we dial",
    "  14085550123, ExtCallID 9001: ringing (leg-1)",
    "",
    "1 further room",
    "  Harbour pilots: open (r7)",
    "",
    "2 commands without a result",
    "  unmute (555120777.9.165): no result; sent once, the agent has it, the bridge",
    "    has not answered; WebEx hears a failure in 4.0 s",
    "  mute (555120777.10.7): no result; sent 3 times, no agent has acknowledged it",
    "",
    "2 documents not confirmed",
    "  A2W_NotifyConferenceChange (TransID 61365000006) to tsp1.example.com:8800:",
    "    not confirmed; 2 attempts, HTTP status 500; next in 2.0 s",
    "  A2W_NotifyConferenceChange (TransID 61365000007) to tsp1.example.com:8800:",
    "    not confirmed; not posted yet",
  ]);
});

test("a command says whom it fails, and whether that is still to come", () => {
  const last = (more: object) => conferenceText(conference({ commands: [{ ...command, ...more }] }), now, plain).at(-1);
  expect(last({})).toContain("WebEx hears a failure in 4.0 s");
  expect(last({ answerBy: now - 3_000 })).toContain("WebEx was answered with a failure 3.0 s ago");
  expect(last({ askers: ["operator"] })).toContain("the operator's action fails in 4.0 s");
  expect(last({ askers: ["operator"], answerBy: now - 3_000 })).toContain("the operator's action failed 3.0 s ago");
  expect(last({ askers: [] })).not.toContain("fail");
});

test("a server that is behind is outstanding: since when, and what it is owed", () => {
  const behind = conference({ outages: [outage] });
  expect(conferenceText(behind, now, plain).slice(-4)).toEqual([
    "",
    "1 server behind",
    `  tsp1.example.com:8800: since ${secondText(outage.since, "UTC")}; HTTP status 500; is owed 3`,
    "    messages once it answers; probed next in 4.0 s",
  ]);
  expect(conferencesText([behind], now, plain)[1]).toContain("owes 3");
  expect(conferenceText(conference({ outages: [{ ...outage, probeAt: null }] }), now, plain).at(-1)).toContain(
    "a probe is under way",
  );
});

test("calls are those of all conferences, and what matters has a colour", () => {
  const calls = callsOf([
    conference({ callers: [caller({ muted: true })] }),
    conference({ key: "555120888", callers: [caller({ extCallId: "" })] }),
  ]);

  expect(callsText(calls, plain)).toEqual([
    "CONFERENCE  NUMBER       ATTENDEE  EXTCALLID  ROOM  STATE  CALL",
    "555120777   14085550101  101       70000      main  muted  c1",
    "555120888   14085550101  101       not named  main         c1",
  ]);
  expect(callsText(calls, painted)[1]).toContain("<yellow>muted</>");
  expect(callsText(calls, painted)[2]).toContain("<yellow>not named</>");
  const [room, topic] = ["r1" as RoomId, "Pilots ".repeat(20)];
  const rooms = [{ room, subConfId: "7" as SubConfId, name: "Pilots", stage: "open" as const }];
  expect(callsText(callsOf([conference({ callers: [caller({ room })], rooms })]), plain)[1]).toContain(" Pilots ");
  expect(conferencesText([conference({ topic })], now, plain)[1]).not.toContain("Pilots ".repeat(9));
});

test("hosts are shown with what waits for them, since when and why", () => {
  const host = (name: string) => ({ domain: "local", host: name as WebexHost, conferences: 2, troubled: [] });
  const servers: readonly ServerOfDomain[] = [
    {
      ...host("http://tsp1.example.com:8800"),
      documents: 2,
      oldestDocumentAt: now - 90_000,
      failure: "HTTP status 500",
      lastFailure: { at: now - 30_000, why: "HTTP status 500" },
    },
    { ...host("http://tsp3.example.com"), documents: 1, oldestDocumentAt: now - 4_000_000, failure: "refused" },
    { ...host("http://tsp2.example.com"), documents: 0, oldestDocumentAt: null, failure: null },
    { ...host("*back-end"), conferences: 0, documents: 1, oldestDocumentAt: now - 5_000, failure: null },
  ];

  expect(serversText(servers, now, { ...plain, width: 100 })).toEqual([
    "TSP SERVER              CONFERENCES  WAITING      OLDEST          LAST FAILURE",
    "tsp1.example.com:8800   2            2 documents  1 min 30 s ago  HTTP status 500, 30 s ago",
    "tsp3.example.com        2            1 document   1 h 6 min ago   refused",
    "tsp2.example.com        2            -",
    "the partner's back end  0            1 document   5.0 s ago",
  ]);
  expect(serversText([], now, plain)).toEqual(["no conference runs, and nothing waits for a TSP server"]);
});

test("while no agent says what a bridge does, its callers are said to be as they were", () => {
  const away = conference({ away: true, callers: [caller({ muted: true }), caller({ speaks: null })] });

  expect(callsText(callsOf([away]), { ...plain, width: 120 })).toEqual([
    expect.stringMatching(/^CONFERENCE/),
    expect.stringContaining("muted, may have left  c1"),
    expect.stringContaining(" may have left "),
  ]);
  expect(conferencesText([away], now, plain)[1]).toContain(" about 2 ");
  expect(conferenceText(away, now, plain)).toContain(
    "no agent says now what its bridge does: who is in it may have left",
  );
});

test("a bridge without agents, and one whose relay does not answer, are said to be so", () => {
  const health = { bridgeUp: true, portsInUse: 3, ports: 240 };
  const agent = { agent: "agent-1", role: "active", lastSeen: now - 2_000, health } as const;
  const gone = { agent: "agent-2", role: "active", lastSeen: null, health: null } as const;
  const of = { domain: "local", drainedSince: null, load: null };
  const bridges: AgentsOfBridge[] = [
    { ...of, bridge: "one", agents: [agent] },
    { ...of, bridge: "four", agents: [gone], drainedSince: now },
    { ...of, bridge: "six", agents: [agent], drainedSince: now },
    {
      ...of,
      bridge: "five",
      agents: [{ ...agent, health: { ...health, ports: 0, version: "1.4.0", waiting: { commands: 1, reports: 20 } } }],
    },
    { ...of, bridge: "seven", agents: [{ ...agent, health: { bridgeUp: false, portsInUse: null, ports: null } }] },
    { ...of, bridge: "two", agents: [] },
    { ...of, bridge: "eight", agents: [agent], missing: ["agent-2"] },
    { ...of, bridge: "three", agents: null },
  ];

  expect(agentsText(bridges, now, plain)).toEqual([
    "BRIDGE  AGENT                      ROLE        LAST SEEN      BRIDGE IS       PORTS     WAITING                VERSION",
    "one     agent-1                    active      2.0 s ago      up              3 of 240",
    "four    agent-2                    was active  not connected  drained",
    "six     agent-1                    active      2.0 s ago      up, drained     3 of 240",
    "five    agent-1                    active      2.0 s ago      takes no calls  3 of 0    1 command, 20 reports  1.4.0",
    "seven   agent-1                    active      2.0 s ago      down            ?",
    "two     no agent is connected",
    "eight   agent-1                    active      2.0 s ago      up              3 of 240",
    "eight   agent-2                                not connected",
    "three   its relay does not answer",
  ]);
});
