import { expect, test } from "vitest";
import type { Report } from "../../src/bridge/events.ts";
import type { TimelineLine } from "../../src/rpc/timeline.ts";
import { linesOfCall } from "../../src/views/timeline.ts";
import { aCaller, entered as enteredAs, event, held } from "../builders.ts";
import {
  ConferenceWorld,
  callerEntered,
  callerLeft,
  createConference,
  host,
  muteCaller,
  request,
} from "../durable-objects/conference-world.ts";
import { testDomain } from "../local-domain.ts";

type Act = (world: ConferenceWorld) => Promise<unknown>;

async function marked(world: ConferenceWorld, call?: string): Promise<readonly TimelineLine[]> {
  const { items } = await world.during(world.conference.reader.timeline(0));
  return (call === undefined ? items : linesOfCall(items, call)).filter(({ why }) => why !== undefined);
}

/** Each marked line with its reason, times as `T`. */
async function reasons(world: ConferenceWorld, call?: string): Promise<string[]> {
  const lines = await marked(world, call);
  return lines.map(({ what, why }) => `${what}. ${why}`.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "T"));
}

function asks(type: string, more: object = {}): Act {
  return (world) => world.received(`t-${type}`, request(type, more));
}
function named(more: object = {}): Act {
  return (world) =>
    world.received("t-name", request("caller-named", { msgId: world.entries.at(-1), extCallId: "1001", ...more }));
}
function creates(more: object): Act {
  return (world) => world.received(`t${JSON.stringify(more)}`, createConference({ msgId: "m2", ...more }));
}
function reported(...events: readonly object[]): Act {
  return (world) => world.reported(...events.map(event));
}
function passes(ms: number): Act {
  return (world) => world.time.pass(ms);
}
function refused(reason: string): Act {
  return (world) => world.reported({ type: "result", id: world.pending[0], result: { done: false, reason } } as Report);
}
const done: Act = (world) => world.allDone();
const mute: Act = (world) => world.received("t-mute", muteCaller("1001"));
const drop = asks("drop-caller", { extCallId: "1001" });
const phone = { country: "1", area: "408", local: "5550123", extension: "" };
const dial = (more: object = {}) => asks("call-out", { extCallId: "2001", privilege: "speak", phone, ...more });

const annaMutes: Act = (world) => world.operate("a1", { type: "mute", call: "c0" }, "anna");
const close = asks("close-conference");
const isBusy: Act = (world) => world.reported(event({ type: "caller-left", call: world.dialled, reason: "busy" }));
const isAnswered: Act = (world) => world.reported(event({ type: "call-answered", call: world.dialled }));

/** A conference with c0, who has entered the attendee ID 444 and is not named yet. */
async function entered(): Promise<ConferenceWorld> {
  const world = await ConferenceWorld.running(0);
  await world.reported(enteredAs({ attendeeId: "444" }));
  await world.time.pass(6_000);
  return world;
}

const notify = "A2W_NotifyUserEnter";
const agentAway = "No agent acknowledged the command in time. The agent was disconnected, or its link was broken.";
const asked = "WebEx asked for it at T";
const compared = "A comparison with the bridge showed differences";
const notReported = "The bridge had not reported its end.";
const snapshotOf = (conference: object | null) => reported({ type: "snapshot", conference });
const hangsUp: Act = (world) => world.reported(callerLeft(0));
const undelivered = (reason: string) =>
  `WebEx's server ${host} did not confirm the document in 3 attempts: its last known attempt failed with ${reason}.`;
const waits = "WebEx is unreachable now. It is notified later, of this or of the newer state.";

test.each<[string, readonly Act[], ...string[]]>([
  ["never answered", [], `${notify}. WebEx confirmed it at T, and never named the call.`],
  ["named", [named()]],
  [
    "refused",
    [named({ result: "capacity-exceeded", extCallId: undefined })],
    `${notify}. WebEx refused at T to name the call: its result was capacity-exceeded.`,
  ],
  ["named too late", [passes(60_000), named()], `${notify}. WebEx named the call 66 s after it was notified of it.`],
  [
    "named after it left",
    [hangsUp, named()],
    `${notify}. The caller left at T, and WebEx named it only at T.`,
    "caller-left. The caller hung up.",
  ],
])("says why a caller is not named: %s", async (_, acts, ...expected) => {
  const world = await entered();
  for (const act of acts) await act(world);
  expect(await reasons(world)).toEqual(expected);
});

test("says that WebEx cannot match a caller without an attendee ID, until the caller enters one", async () => {
  const world = await ConferenceWorld.running(1);
  expect(await reasons(world)).toEqual([
    `${notify}. WebEx named the call. The caller entered no attendee ID, so WebEx cannot match it to a person of the meeting.`,
  ]);
  await world.reported(event({ type: "attendee-identified", id: "k1", call: "c0", attendeeId: "444" }));
  expect(await reasons(world)).toEqual([]);
});

const locks = asks("update-conference", { action: "lock" });
const away = { call: "c7", number: "14085551234", dialled: "", why: "refused", reason: "locked" };
const turnedAway = reported({ type: "caller-turned-away", ...away, wrongKeys: 1, waitedMs: 9_000 });
const found: Act = (world) =>
  world.during(world.reportFrom("simulated", event({ type: "snapshot", conference: held() })));

test.each<[string, readonly Act[], ...string[]]>([
  [
    "not created",
    [creates({}), refused("capacity"), creates({ msgId: "m3" }), passes(20_000)],
    `create-conference: refused, capacity. ${asked}. The bridge refused it: it has no free port, or is drained.`,
    `create-conference: no result in time. ${asked}. ${agentAway}`,
  ],
  [
    "found, and ended",
    [found, creates({})],
    expect.stringContaining("The edge found an unknown conference on the bridge simulated"),
    "conference ended. The edge had found it on the bridge, and no caller was left when WebEx created it again. The new one is another conference.",
  ],
  [
    "turned away",
    [creates({}), done, locks, done, turnedAway],
    "caller-turned-away. The bridge refused to admit it: the conference was locked. It was in the prompt for 9 s. It had entered 1 wrong key before.",
  ],
])("says why on the line of what went wrong without callers: %s", async (_, acts, ...expected) => {
  const world = new ConferenceWorld();
  for (const act of acts) await act(world);
  expect(await reasons(world)).toEqual(expected);
});

test.each<[string, readonly Act[], ...string[]]>([
  ["asked for, and not done", [mute]],
  ["by WebEx", [mute, done], `mute: done. ${asked}, and the bridge did it at T.`],
  ["by a user", [annaMutes, done], "mute: done. The operator anna asked for it at T, and the bridge did it at T."],
  [
    "by the caller",
    [reported({ type: "caller-muted", call: "c0", muted: true })],
    "caller-muted. The caller muted itself by DTMF digits.",
  ],
  [
    "found on the bridge",
    [snapshotOf(held({ callers: [aCaller({ attendeeId: "444", muted: true })] as never }))],
    `snapshot. ${compared}: a caller's mute had changed.`,
    "muted. A comparison with the bridge showed the mute. The bridge had not reported it.",
  ],
  [
    "refused",
    [mute, refused("unreachable")],
    `mute: refused, unreachable. ${asked}. The bridge refused it: it could not be reached.`,
  ],
  [
    "too late",
    [mute, async (world) => world.ackAll(), passes(12_000)],
    `mute: no result in time. ${asked}. The bridge did not answer in time.`,
  ],
  ["no agent", [mute, passes(40_000)], `mute: no result in time. ${asked}. ${agentAway}`],
  ["hung up", [hangsUp], "caller-left. The caller hung up."],
  ["dropped", [drop, done], `expel: done. ${asked}, and the bridge dropped it at T.`],
  [
    "already over",
    [drop, refused("no-such-call")],
    `expel: refused, no-such-call. The call should be disconnected, but the bridge answered that it was over. ${notReported}`,
  ],
  [
    "gone from the bridge",
    [snapshotOf(held())],
    `snapshot. ${compared}: a caller had left.`,
    `call ended. A comparison with the bridge showed that the call was over. ${notReported}`,
  ],
  ["closed", [close, done], "conference ended. WebEx closed it at T, and the bridge ended it at T."],
  ["ended by telephone", [reported({ type: "conference-ended" })], "conference ended. The host ended it by telephone."],
  [
    "lost",
    [snapshotOf(null)],
    `snapshot. ${compared}: the bridge no longer had the conference.`,
    "lost: conference ended. The bridge no longer had it. It ended there, or the bridge restarted, and no report of that arrived.",
  ],
  [
    "deserted",
    [asks("close-conference", { keepAlive: true }), hangsUp, done],
    "goes on alone. WebEx closed the meeting at T and kept its audio. Until it creates the conference again, it is not notified.",
    "caller-left. The caller hung up.",
    "conference ended. WebEx had closed the meeting at T and kept its audio, and no caller was left.",
    "no longer due: A2W_NotifyUserChange. No longer sent, because it is outdated or another message says it.",
  ],
  [
    "server replaced",
    [creates({ replyTo: "localhost:8802", extConfId: "7002" })],
    `server replaced. WebEx's server localhost:8802 took over from ${host}.`,
  ],
  ["the same server asks again", [creates({})]],
  ["dialled and busy", [dial(), isBusy], "not entered. The line was busy."],
  [
    "dialled, no agent",
    [dial(), passes(120_000), done],
    `dial: no result in time. ${asked}. ${agentAway}`,
    `not entered. ${agentAway}`,
  ],
  [
    "dialled and cancelled",
    [dial(), asks("cancel-call-out", { extCallId: "2001" }), done],
    "A2W_RspCallout. The call was cancelled while it rang.",
    "not entered. WebEx cancelled the call while it rang.",
  ],
  [
    "dialled as a listener",
    [dial({ privilege: "listen" }), isAnswered, done, done],
    "admit: done. WebEx had it dialed as a listen-only call, so it was muted before it entered.",
  ],
])("says why on the line of what went wrong: %s", async (_, acts, ...expected) => {
  const world = await entered();
  await named()(world);
  for (const act of acts) await act(world);
  expect(await reasons(world)).toEqual(expected);
});

test("says why a document is undelivered, and that its message waits", async () => {
  const world = await ConferenceWorld.running(0);
  world.answer = () => ({ kind: "failed", reason: "TimeoutError" });
  await world.reported(callerEntered(0));
  await world.time.pass(30_000);
  expect(await reasons(world)).toEqual([
    `${notify}. WebEx does not know the call, because its document was undelivered. ${undelivered("TimeoutError")}`,
    `undelivered. ${undelivered("TimeoutError")}`,
    `waits: ${notify}. ${waits}`,
  ]);
  expect(await reasons(world, "+1 408 555 1234")).toEqual(await reasons(world, "c0"));
  world.answer = ({ transId }) => world.confirmed(transId, "not-supported");
  await world.time.pass(60_000);
  expect((await reasons(world)).filter((line) => line.startsWith(notify))).toEqual([
    `${notify}. WebEx confirmed it at T with a failure.`,
  ]);
});

test.each([
  [
    { area: "900" },
    { policy: { deny: ["+1900"] } },
    "number-denied",
    "The domain's settings do not allow that number.",
  ],
  [{ local: "5550154#12" }, {}, "invalid-number", "The number cannot be dialed, so the bridge was not asked."],
])("says why a call-out to %o was not dialled, found by id, name and number", async (more, settings, why, says) => {
  const world = new ConferenceWorld();
  world.domain = testDomain(settings);
  await world.running(0);
  await dial({ phone: { ...phone, ...more } })(world);
  await world.time.pass(5_000);
  const [line] = await marked(world);
  expect(line).toMatchObject({ what: "not dialled", facts: { why }, why: says });
  for (const call of [line?.calls[0], "2001", line?.facts.number])
    expect(await marked(world, call), call).toEqual([line]);
});
