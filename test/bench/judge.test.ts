import { expect, test } from "vitest";
import { type Evidence, judge, type PostedRequest } from "../../bench/kills/judge.ts";
import { Roster } from "../../bench/kills/roster.ts";
import type { ConfKey, ExtCallId, ExtConfId, MsgId, WebexHost } from "../../src/foundation/ids.ts";
import type { ToWebex } from "../../src/tsp/messages.ts";

const confKey = "555" as ConfKey;
const host = "127.0.0.1:80" as WebexHost;
const mute: PostedRequest = {
  msgId: "1" as MsgId,
  type: "update-caller",
  confKey,
  replyTo: host,
  confirmedAt: 0,
  withinMs: 10_000,
  extCallId: null,
  excused: false,
};
const act = { n: 1, act: "dial", conference: confKey, room: null, call: "o1", commandId: "1", outcome: "done" };
const call = {
  id: "c1",
  direction: "in",
  number: "1408",
  extension: null,
  conference: "555",
  state: "in-conference",
  room: "main",
  muted: false,
  joinTone: true,
  talking: false,
  attendeeId: null,
  endReason: null,
};
const prompted = { ...call, number: "1409", state: "prompted", room: null };
const conference = {
  key: "555",
  locked: false,
  reportsSpeakers: false,
  rooms: [{ id: "main", kind: "main", calls: [] }],
};

const extCallId = "70" as ExtCallId;
const common = { msgId: "4" as MsgId, extConfId: "E1" as ExtConfId };
const left: ToWebex = { ...common, type: "caller-changed", extCallId, status: "left" };
const ended: ToWebex = { ...common, type: "conference-changed", status: "ended" };
const press = (commandId: string, pressed: string) => ({ ...act, act: pressed, call: "c1", commandId });

/** One caller in one conference, one request that was answered: all is well, but for the changes. */
function faultsOf(changes: {
  request?: PostedRequest;
  answeredAt?: number[];
  acts?: object[];
  calls?: object[];
  conferences?: object[];
  telephones?: string[];
  received?: ToWebex[];
  enteredAgain?: true;
}) {
  const roster = new Roster("E1" as ExtConfId);
  const { extConfId } = roster;
  const replyTo = "127.0.0.1:1" as WebexHost;
  roster.ask({ type: "create-conference", msgId: "2" as MsgId, extConfId, confKey, replyTo });
  roster.receive({ type: "conference-created", msgId: "2" as MsgId, result: "ok" });
  const enter = () => roster.enter({ type: "caller-entered", msgId: "3" as MsgId, extConfId, did: "1408" }, extCallId);
  enter();
  if (changes.enteredAgain) enter();
  for (const message of changes.received ?? []) roster.receive(message);
  const evidence = {
    requests: [changes.request ?? mute],
    answers: () => (changes.answeredAt ?? [100]).map((at) => ({ at, result: "ok" })),
    rosters: new Map([[confKey, roster]]),
    everyRoster: [roster],
    acts: changes.acts ?? [act],
    dialled: new Map([["o1", "14081"]]),
    bridge: { conferences: changes.conferences ?? [conference], calls: changes.calls ?? [call] },
    telephones: changes.telephones ?? [],
  };
  const { lost, doubled, diverged } = judge(evidence as unknown as Evidence);
  return [...lost, ...doubled, ...diverged];
}

test("where all is well nothing is found", () => {
  expect(faultsOf({})).toEqual([]);
});

const again = ["3", "4"];

test.each([
  [{ answeredAt: [] }, "update-caller 1 of 555, confirmed at 00:00:00.000, was not answered"],
  [{ answeredAt: [20_001] }, "update-caller 1 of 555, confirmed at 00:00:00.000, was answered after 20001 ms"],
  [{ answeredAt: [1, 2] }, "update-caller 1 of 555 was answered more than once"],
  [
    { acts: [act, { ...act, call: "o2" }] },
    "command 555 1 was carried out 2 times: act 1 dial o1 done, act 1 dial o2 done",
  ],
  [
    { acts: again.map((commandId) => ({ ...act, commandId })) },
    "the call-out to 14081 was carried out 2 times: act 1 dial o1 done, act 1 dial o1 done",
  ],
  [
    { acts: again.map((commandId) => ({ ...act, act: "create-conference", commandId })) },
    "the creation of 555 was carried out 2 times: act 1 create-conference o1 done, act 1 create-conference o1 done",
  ],
  [
    { acts: again.map((commandId) => ({ ...act, act: "admit", call: "c1", commandId })) },
    "the entry of c1 was carried out 2 times: act 1 admit c1 done, act 1 admit c1 done",
  ],
  [
    { acts: [press("keypad-a-1", "mute"), press("keypad-b-1", "mute")] },
    "one key press was acted on twice: act 1 mute c1 done, act 1 mute c1 done",
  ],
  [{ enteredAgain: true as const }, "E1 was notified twice that 1408 entered"],
  [{ calls: [], received: [left, left] }, "E1 was notified twice that 70 left"],
  [{ calls: [], conferences: [], received: [ended, ended] }, "E1 was notified twice that it ended"],
  [{ calls: [call, { ...call, number: "1409" }] }, "555: 1409 is on the bridge alone"],
  [{ calls: [] }, "555: 1408 is in WebEx's roster alone"],
  [{ calls: [{ ...call, muted: true }] }, "555: 1408 is muted on the bridge alone"],
  [{ calls: [{ ...call, room: "r1" }] }, "555: 1408 is in r1 on the bridge, in main for WebEx"],
  [{ conferences: [] }, "555 is running for WebEx, and is not on the bridge"],
  [{ calls: [call, { ...call, direction: "out", number: "14081", state: "ringing" }] }, "14081 of 555 is left ringing"],
  [{ calls: [call, { ...prompted, conference: null }] }, "1409 of no conference is left prompted"],
  [{ calls: [call, prompted] }, "1409 of 555 is left prompted"],
  [{ conferences: [conference, { ...conference, key: "556" }] }, "556 is on the bridge, and nobody has created it"],
  [
    { conferences: [{ ...conference, rooms: [{ id: "r1", kind: "sub", calls: [] }] }] },
    "555 has not one main room on the bridge: r1",
  ],
  [{ telephones: ["1408", "1409"] }, "1409 is in a call of which the bridge knows nothing"],
])("%j: %s", (changes, fault) => {
  expect(faultsOf(changes)).toEqual([fault]);
});

test("a press after a press, or after WebEx muted or unmuted, is no fault", () => {
  const acts = [
    press("keypad-a-1", "mute"),
    press("keypad-b-1", "unmute"),
    press("keypad-b-2", "mute"),
    press("command-1", "unmute"),
    press("keypad-b-3", "mute"),
  ];
  expect(faultsOf({ acts })).toEqual([]);
});

test("what a replaced server still waits for is excused", () => {
  expect(faultsOf({ request: { ...mute, excused: true }, answeredAt: [] })).toEqual([]);
});
