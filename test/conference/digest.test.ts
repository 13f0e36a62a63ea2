import { expect, test } from "vitest";
import type { ConferenceSnapshot } from "../../src/bridge/events.ts";
import { digestOf } from "../../src/bridge/state.ts";
import { type Comparison, compareDigest } from "../../src/conference/reconcile.ts";
import type { CallId, RoomId } from "../../src/foundation/ids.ts";
import { Stage } from "../transcripts/stage.ts";
import { CONF_KEY, callerFrom } from "../transcripts/transcript-lines.ts";

const running = ["given a running conference"];
const entered = [...running, "B→A caller-entered c1"];
const rooms = [...entered, "W→A W2A_CreateSubConference MsgID=2 SubConfID=9", "B→A done create-room"];
const speakers = [...entered, "W→A W2A_UpdateConference MsgID=2 ActionCode=8", "B→A done report-speakers"];
const unwanted = [
  ...running,
  "W→A W2A_Callout MsgID=2 ExtCallID=7",
  "B→A done dial",
  "W→A W2A_CancelCallout MsgID=3 ExtCallID=7",
  "B→A refused cancel-dial",
];
const c1 = callerFrom({ call: "c1" });
const call = `${CONF_KEY}.2.n` as CallId;
const room = { id: `${CONF_KEY}.3.n` as RoomId, kind: "sub" as const };

test.each<[Comparison, string, readonly string[], Partial<ConferenceSnapshot>]>([
  ["same", "nobody is in", running, {}],
  ["differs", "a lock", running, { locked: true }],
  ["differs", "a caller that the edge does not know", running, { callers: [c1] }],
  ["same", "a caller", entered, { callers: [c1] }],
  ["differs", "a muted caller", entered, { callers: [{ ...c1, muted: true }] }],
  ["same", "a caller that has left", [...entered, "B→A caller-left c1"], {}],
  ["same", "a room", rooms, { callers: [c1], rooms: [room] }],
  ["differs", "a lost room", rooms, { callers: [c1] }],
  ["differs", "a room that is left over", entered, { callers: [c1], rooms: [room] }],
  ["same", "speakers that are reported", speakers, { callers: [c1], speaking: [] }],
  ["differs", "speakers that are not reported", speakers, { callers: [c1] }],
  ["differs", "speakers that nobody wants", entered, { callers: [c1], speaking: [] }],
  ["same", "a call that nobody wants, and that is being hung up", unwanted, { dialled: [{ call, answered: false }] }],
  ["differs", "a dialled call that the edge does not know", running, { dialled: [{ call, answered: false }] }],
  ["undecided", "a pending command", [...entered, "operator lock"], { callers: [c1] }],
  ["undecided", "a pending end", [...entered, "operator end"], { callers: [c1] }],
  ["undecided", "a create", ["W→A W2A_CreateConference MsgID=1"], {}],
  ["differs", "a conference that is over", [...running, "B→A conference-ended"], {}],
  ["differs", "a conference that the edge does not know", [], {}],
  ["differs", "a restored conference", [...running, "restored"], {}],
])("the digest is %s: %s", (expected, _, lines, held) => {
  const stage = new Stage();
  for (const line of lines) stage.happen([line]);
  const nothing: ConferenceSnapshot = { locked: false, speaking: null, rooms: [], callers: [], dialled: [] };

  expect(compareDigest(stage.state, digestOf({ ...nothing, ...held }))).toBe(expected);
});
