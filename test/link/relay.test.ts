import { expect, test } from "vitest";
import type { NumberedReport } from "../../src/bridge/events.ts";
import type { CommandId, ConfKey, StreamId } from "../../src/foundation/ids.ts";
import type { AgentToEdge } from "../../src/link/messages.ts";
import { type ForConference, joinWaiting, type RelayInput, type RelayState, step } from "../../src/link/relay.ts";

const conference = "555111222" as ConfKey;
const stream = "s1" as StreamId;
const report: NumberedReport = { number: 1, report: { type: "event", event: { type: "conference-ended" } } };

const opened = (id: string, agent: string): RelayInput => {
  const keypad = { merge: "*1", mute: "*6", askAttendeeId: true };
  return { type: "opened", id, agent, alone: false, keypad };
};
const says = (id: string, message: AgentToEdge): RelayInput => ({ type: "message", id, message, at: 1_000 });
const closed = (id: string): RelayInput => ({ type: "closed", id });
const silent = (...ids: string[]): RelayInput => ({ type: "silent", ids });
const bad = (id: string): RelayInput => ({ type: "bad-message", id, why: "badMessage" });
const bridge = (id: string, bridgeUp: boolean): RelayInput =>
  says(id, { type: "health", bridgeUp, portsInUse: 0, ports: null, version: "1" });
const reports = (id: string, epoch: number): RelayInput =>
  says(id, { type: "reports", epoch, conference, stream, reports: [report] });
const digests = (id: string, epoch: number): RelayInput =>
  says(id, { type: "digests", epoch, digests: [{ conference, digest: "d1" }] });
const acks = (id: string): RelayInput => says(id, { type: "commands-ack", conference, ids: ["o1" as CommandId] });
const commands: RelayInput = {
  type: "commands",
  conference,
  commands: [{ id: "o1" as CommandId, command: { type: "lock" } }],
};
const away: RelayInput = { type: "bridge-away" };
const handOver: RelayInput = { type: "hand-over" };

/** The effects of the last input, a line each. */
function effectsOf(inputs: readonly RelayInput[]): readonly string[] {
  let state: RelayState = { epoch: 0, lastActive: null, links: [] };
  let last: readonly string[] = [];
  for (const input of inputs) {
    const next = step(state, input, 0);
    state = next.state;
    last = next.effects.map((effect) => {
      if (effect.type === "close") return `close ${effect.id}: ${effect.why}`;
      if (effect.type === "commands-ack") return `acks ${effect.ids.join()}`;
      if (effect.type === "digest") return `digest ${effect.digest}`;
      if (effect.type === "reports") return `${effect.reports.length} of ${effect.stream}`;
      if (effect.type === "prompt-calls") return `${effect.calls.length} calls in the prompt`;
      const { message } = effect;
      const role = "role" in message ? ` ${message.role}` : "";
      const epoch = "epoch" in message ? ` ${message.epoch}` : "";
      return `${effect.id} < ${message.type}${role}${epoch}`;
    });
  }
  return last;
}

const two = [opened("a", "agent-1"), opened("b", "agent-2")];

test.each<[string, readonly RelayInput[], readonly string[]]>([
  ["activates the first agent", [opened("a", "agent-1")], ["a < welcome active 1"]],
  ["makes the second agent the standby in the same epoch", two, ["b < welcome standby 1"]],
  ["sends commands to the active agent", [...two, commands], ["a < commands 1"]],
  ["sends no command without an agent", [commands], []],
  ["changes nothing when the standby leaves", [...two, closed("b")], []],
  ["activates the standby when the active agent leaves", [...two, closed("a")], ["b < activate 2"]],
  [
    "activates the standby when the active agent is silent",
    [...two, silent("a")],
    ["close a: silent", "b < activate 2"],
  ],
  ["activates no silent standby", [...two, silent("a", "b")], ["close a: silent", "close b: silent"]],
  [
    "keeps an agent active that reconnects",
    [...two, opened("c", "agent-1")],
    ["close a: replaced", "c < welcome active 2"],
  ],
  ["ignores the end of a replaced socket", [...two, opened("c", "agent-1"), closed("a")], []],
  ["replaces an agent that sends no message", [...two, bad("a")], ["close a: badMessage", "b < activate 2"]],
  ["ignores a message of a closed socket", [...two, says("gone", { type: "ping" })], []],
  ["ignores a wrong message of a closed socket", [...two, bad("gone")], []],
  ["keeps an agent without its bridge if the standby is unknown", [...two, bridge("a", false), away], []],
  ["keeps an agent without its bridge if none has it", [...two, bridge("a", false), bridge("b", false), away], []],
  [
    "replaces an agent without its bridge by one that has it",
    [...two, bridge("a", false), bridge("b", true), away],
    ["close a: bridgeAway", "b < activate 2"],
  ],
  [
    "prefers a standby that has the bridge",
    [...two, opened("c", "agent-3"), bridge("c", true), closed("a")],
    ["c < activate 2"],
  ],
  ["hands over without an agent to nobody", [handOver], []],
  ["hands over without a standby to nobody", [opened("a", "agent-1"), bridge("a", true), handOver], []],
  ["hands over to no standby without the bridge", [...two, bridge("b", false), handOver], []],
  [
    "hands over to a standby with the bridge",
    [...two, bridge("b", true), handOver],
    ["close a: handedOver", "b < activate 2"],
  ],
  [
    "makes an agent the standby that has handed over",
    [...two, bridge("b", true), handOver, opened("c", "agent-1")],
    ["c < welcome standby 2"],
  ],
  ["passes on reports of the active agent", [...two, reports("a", 1)], ["1 of s1"]],
  ["passes on no report of another epoch", [...two, reports("a", 0)], []],
  ["passes on no report of a standby", [...two, reports("b", 1)], []],
  ["passes on digests of the active agent", [...two, digests("a", 1)], ["digest d1"]],
  ["passes on no digest of another epoch", [...two, digests("a", 0)], []],
  ["passes on no digest of a standby", [...two, digests("b", 1)], []],
  ["passes on acks of the active agent", [...two, acks("a")], ["acks o1"]],
  ["passes on no ack of a standby", [...two, acks("b")], []],
  [
    "passes on a standby's prompt calls from its time as active",
    [...two, says("b", { type: "prompt-calls", upTo: 3, calls: [], at: 1 })],
    ["0 calls in the prompt"],
  ],
])("a relay %s", (_, inputs, effects) => {
  expect(effectsOf(inputs)).toEqual(effects);
});

test("never repeats an epoch, even after a loss of state", () => {
  const at = 1_800_000_000_000;
  const lost: RelayState = { epoch: 0, lastActive: null, links: [] };
  const epochOf = (state: RelayState, time: number) => step(state, opened("a", "agent-1"), time).state.epoch;
  const first = step(lost, opened("a", "agent-1"), at).state;
  expect(first.epoch).toBe(1_800_000_000);
  expect(epochOf(first, at + 999)).toBe(1_800_000_001);
  expect(epochOf(first, 0)).toBe(1_800_000_001);
  expect(epochOf(lost, at + 2_000)).toBe(1_800_000_002);
});

const batch = (first: number, last = first, id = "a", ofStream = "s1"): ForConference => {
  const numbers = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const numbered = numbers.map((number) => ({ ...report, number }));
  return { type: "reports", id, conference, stream: ofStream as StreamId, cannot: [], reports: numbered };
};
const ack = (ids: readonly string[], waiting: readonly string[] = []): ForConference => ({
  type: "commands-ack",
  conference,
  ids: ids as CommandId[],
  waiting: waiting as CommandId[],
});
const digest = (value: string): ForConference => ({ type: "digest", id: "a", conference, digest: value });
const hundred = Array.from({ length: 100 }, (_, index) => batch(index + 1));

test.each<[string, readonly ForConference[], readonly ForConference[]]>([
  [
    "acks together and first, the newest digest alone and last",
    [digest("d1"), batch(1), ack(["o1"]), batch(2), digest("d2"), ack(["o1", "o2"])],
    [ack(["o1", "o2"]), batch(1), batch(2), digest("d2")],
  ],
  [
    "with the newest ack's list of what the bridge was given",
    [ack(["o1", "o2", "o3"], ["o2", "o3"]), ack(["o2", "o4"], ["o4"])],
    [ack(["o1", "o2", "o3", "o4"], ["o3", "o4"])],
  ],
  ["reports up to a bound", hundred, hundred.slice(0, 16)],
  ["no report after a gap", [batch(1), batch(3)], [batch(1)]],
  ["reports of the newest link only", [batch(2), batch(3, 3, "b")], [batch(3, 3, "b")]],
  ["reports of the newest stream only", [batch(2), batch(3, 3, "a", "s2")], [batch(3, 3, "a", "s2")]],
  ["reports from an earlier position instead", [batch(2), batch(1, 4)], [batch(1, 4)]],
])("keeps for a slow conference %s", (_, said, kept) => {
  expect(said.reduce<readonly ForConference[]>(joinWaiting, [])).toEqual(kept);
});
