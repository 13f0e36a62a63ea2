import { expect, test } from "vitest";
import { showRow } from "../../durable-objects/conference/journal-readers.ts";
import type { Report } from "../../src/bridge/events.ts";
import { owedIn } from "../../src/conference/server/resync.ts";
import { Why } from "../../src/explain/why.ts";
import { whyNotYet } from "../../src/explain/why-not-yet.ts";
import { type Person, persons } from "../../src/foundation/shown.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { entered as enteredAs, event, held } from "../builders.ts";
import {
  ConferenceWorld,
  callerEntered,
  callerLeft,
  createConference,
  extConfId,
  host,
  lock,
  muteCaller,
} from "../durable-objects/conference-world.ts";
import { testDomain } from "../local-domain.ts";

interface Wanted {
  readonly call?: string;
}

function explained(world: ConferenceWorld, { call }: Wanted = {}, person: Person = persons.full) {
  const why = new Why();
  for (const row of world.stored.journal.history()) why.read(showRow(row, person));
  const view = world.conference.reader.view();
  const pending = view && { view, owed: owedIn(world.stored.state) };
  return why.answers(pending ? whyNotYet(pending, why.known, world.time.now) : [], call);
}

/** Question and answer in one line, times as `T`. */
function sentences(world: ConferenceWorld, wanted: Wanted = {}): string[] {
  return explained(world, wanted).map(({ question, answer }) =>
    `${question} ${answer}`.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "T"),
  );
}

const unacknowledged = "The command was sent, and no agent of the bridge simulated has acknowledged it yet.";

const agentAway = "No agent of the bridge took the command in time: the agent was away, or its link was broken.";

/** The answers to questions that begin so. */
function about(world: ConferenceWorld, begin: string, wanted: Wanted = {}): string[] {
  return sentences(world, wanted).filter((text) => text.startsWith(begin));
}

function request(type: string, msgId: string, more: object = {}): FromWebex {
  return { type, msgId, replyTo: host, extConfId, ...more } as FromWebex;
}

function named(world: ConferenceWorld, more: object = {}): FromWebex {
  return { type: "caller-named", msgId: world.entries.at(-1), extCallId: "1001", ...more } as FromWebex;
}

async function entered(): Promise<ConferenceWorld> {
  const world = await ConferenceWorld.running(0);
  await world.reported(enteredAs({ attendeeId: "444" }));
  await world.time.pass(6_000);
  return world;
}

async function refused(world: ConferenceWorld, reason: string): Promise<void> {
  const [id] = world.pending;
  await world.reported({ type: "result", id, result: { done: false, reason } } as Report);
}

const unnamed = "Why does WebEx not show the caller 14085551234";

test("explains why WebEx does not show a caller under its name", async () => {
  const silent = await entered();
  expect(about(silent, unnamed)).toEqual([
    `${unnamed} under its name? WebEx confirmed the message that the caller entered at T, and never answered it by a name for the call.`,
  ]);
  // Nearly: it is named at once.
  await silent.received("t", named(silent));
  expect(sentences(silent)).toEqual([]);

  const refusing = await entered();
  await refusing.received("t", named(refusing, { result: "capacity-exceeded", extCallId: undefined }));
  expect(about(refusing, unnamed)).toEqual([
    `${unnamed} under its name? WebEx refused at T to name the call: its result was capacity-exceeded.`,
  ]);

  const late = await entered();
  const name = named(late);
  await late.reported(callerLeft(0));
  await late.received("t", name);
  expect(about(late, unnamed)).toEqual([
    `${unnamed} (WebEx's call 1001) under its name? The caller left at T, and WebEx named it only at T.`,
  ]);

  const slow = await entered();
  await slow.time.pass(60_000);
  await slow.received("t", named(slow));
  expect(about(slow, unnamed)).toEqual([
    `${unnamed} (WebEx's call 1001) under its name? WebEx does since T: it named the call 66 s after it was notified of it.`,
  ]);
});

test("explains an entry that WebEx does not confirm", async () => {
  const world = new ConferenceWorld();
  world.domain = testDomain({ webex: { retryDelaysMs: [60_000] } });
  await world.running(0);
  world.answer = () => ({ kind: "answered", status: 500, body: new Uint8Array() });
  await world.reported(callerEntered(0));
  await world.time.pass(10_000);
  expect(about(world, unnamed)).toEqual([
    `${unnamed} under its name? WebEx has not confirmed the message that the caller entered: attempt 1 failed at T (HTTP status 500), and it is tried again.`,
  ]);
  expect(about(world, "Why is WebEx not notified yet")).toEqual([
    `Why is WebEx not notified yet that the caller 14085551234 entered? WebEx's server ${host} has not confirmed it: attempt 1 failed with HTTP status 500, and the next one begins at T.`,
  ]);
  await world.time.pass(200_000);
  expect(about(world, unnamed)).toEqual([
    `${unnamed} under its name? WebEx did not confirm the message that the caller entered, and after the last attempt its document was given up at T: HTTP status 500. So WebEx does not know of the call, and is notified of it once its server can be reached.`,
  ]);
  expect(about(world, "Why is WebEx not notified yet")).toEqual([
    `Why is WebEx not notified yet that the caller 14085551234 entered? WebEx's server ${host} is behind since T (HTTP status 500), and is owed 1 message: it gets this once it confirms the probe that is under way, or posts a request before.`,
  ]);
  expect(about(world, "Why was WebEx not notified")).toEqual([
    `Why was WebEx not notified that the caller 14085551234 entered? WebEx's server ${host} did not confirm the document in 3 attempts: its last known attempt failed with HTTP status 500. The document was given up at T. As soon as the server can be reached, it is notified of how things are then.`,
  ]);
  const [first] = explained(world, { call: "c0" });
  const byNumber = explained(world, { call: "+1 408 555 1234" });
  expect(byNumber[0]).toEqual(first);
  const rows = first?.rows.map(({ seq }) => seq) ?? [];
  expect(rows).toEqual(rows.toSorted((one, other) => one - other));
  expect(rows.length).toBe(3);
});

test("explains by call what is pending for an unreachable server", async () => {
  const world = await ConferenceWorld.running(2);
  world.answer = () => ({ kind: "failed", reason: "refused" });
  await world.reported(event({ type: "caller-muted", call: "c0", muted: true }));
  await world.time.pass(6_000);
  await world.reported(callerEntered(2));
  await world.reported(event({ type: "caller-muted", call: "c1", muted: true }));
  const behind = `WebEx's server ${host} is behind since T (refused), and is owed 3 messages: it gets this once it confirms the probe that is under way, or posts a request before.`;
  const muted = "Why is WebEx not notified yet that the caller 14085551234 (WebEx's call";
  expect(about(world, "Why is WebEx not notified yet")).toEqual([
    `${muted} 1001) is muted? ${behind}`,
    `Why is WebEx not notified yet that the caller 14085551234 entered? ${behind}`,
    `${muted} 1002) is muted? ${behind}`,
  ]);
  expect(about(world, "Why is WebEx not notified yet", { call: "c1" })).toEqual([`${muted} 1002) is muted? ${behind}`]);
  const [one] = explained(world, { call: "c2" }).filter(({ question }) => question.includes("yet"));
  expect(one?.rows).toHaveLength(1);
  expect(world.conference.reader.view()?.outages).toEqual([
    { host, since: one?.rows[0] && expect.any(Number), why: "refused", messages: 3, probeAt: expect.any(Number) },
  ]);

  world.answer = ({ transId }) => world.confirmed(transId);
  await world.time.pass(60_000);
  expect(about(world, "Why is WebEx not notified yet")).toEqual([]);
  expect(world.conference.reader.view()?.outages).toEqual([]);
  const lost = about(world, "Why was WebEx not notified");
  expect(lost).toHaveLength(1);
  expect(lost[0]).toMatch(/The server was reached again, and has confirmed it at T\.$/);
  // Of the caller who entered meanwhile it has heard by now.
  expect(about(world, unnamed)).toContain(
    `${unnamed} under its name? WebEx confirmed the message that the caller entered at T, and never answered it by a name for the call.`,
  );

  world.answer = () => ({ kind: "failed", reason: "refused" });
  await world.reported(event({ type: "caller-muted", call: "c0", muted: false }));
  await world.time.pass(6_000);
  await world.reported(event({ type: "caller-muted", call: "c0", muted: true }));
  world.answer = ({ transId }) => world.confirmed(transId);
  await world.time.pass(60_000);
  expect(about(world, "Why was WebEx not notified").at(-1)).toMatch(/It is not posted again: another message says how/);
});

test("names the caller of an entry that is undelivered twice", async () => {
  const world = await ConferenceWorld.running(0);
  world.answer = () => ({ kind: "failed", reason: "refused" });
  await world.reported(callerEntered(0));
  await world.time.pass(6_000);
  await world.received("t-sign", request("passthrough", "m-sign"));
  await world.time.pass(12_000);
  expect(about(world, "Why was WebEx not notified")).toEqual([
    expect.stringContaining("that the caller 14085551234 entered?"),
    expect.stringContaining("that the caller 14085551234 entered?"),
  ]);
});

test("keeps the time of an undelivered document after failed probes", async () => {
  const world = await ConferenceWorld.running(0);
  world.answer = () => ({ kind: "failed", reason: "refused" });
  await world.reported(callerEntered(0));
  await world.time.pass(60_000);
  await world.reported(event({ type: "conference-ended" }));
  const givenUpIn = (begin: string) =>
    explained(world).flatMap(({ question, answer }) =>
      question.startsWith(begin) ? (/given up at (\S+?Z)/.exec(answer)?.[1] ?? answer) : [],
    );
  const [givenUp] = givenUpIn("Why was WebEx not notified");
  expect(givenUp).toMatch(/Z$/);
  expect(givenUpIn(unnamed)).toEqual([givenUp]);
});

test("explains that WebEx cannot match a caller without an attendee ID", async () => {
  const world = await ConferenceWorld.running(1);
  expect(sentences(world)).toEqual([
    `${unnamed} (WebEx's call 1001) under its name? WebEx named the call, but the caller has keyed no attendee ID, so WebEx cannot tell which person of the meeting it is.`,
  ]);
  await world.reported(event({ type: "attendee-identified", id: "k1", call: "c0", attendeeId: "444" }));
  expect(sentences(world)).toEqual([]);
});

test("asks for no attendee ID of a silent monitor", async () => {
  const world = await ConferenceWorld.running(0);
  const caller = { call: "c0", number: "14085551234", attendeeId: null, muted: true, silent: true, room: "main" };
  await world.reported(event({ type: "caller-entered", caller }));
  await world.received("t", named(world));
  expect(sentences(world).filter((text) => text.includes("under its name"))).toEqual([]);
});

async function namedCaller(): Promise<ConferenceWorld> {
  const world = await entered();
  await world.received("t", named(world));
  return world;
}

const muted = "Why was the caller 14085551234 (WebEx's call 1001) muted?";

test("explains a mute by who wanted it", async () => {
  const world = await namedCaller();
  const unmute = () => world.reported(event({ type: "caller-muted", call: "c0", muted: false }));
  await world.received("t1", muteCaller("1001"));
  expect(about(world, muted)).toEqual([]); // Asked for, and not done.
  await world.allDone();
  expect(about(world, muted)).toEqual([`${muted} WebEx asked for it at T, and the bridge did it at T.`]);
  await unmute();
  await world.reported(event({ type: "caller-muted", call: "c0", muted: true }));
  expect(about(world, muted).slice(1)).toEqual([`${muted} The caller muted itself by the keys of its telephone.`]);
  await unmute();
  const caller = { call: "c0", number: "14085551234", attendeeId: "444", muted: true, silent: false, room: "main" };
  await world.reported(event({ type: "snapshot", conference: held({ callers: [caller] }) }));
  expect(about(world, muted).slice(2)).toEqual([
    `${muted} The bridge held it as muted when conference and bridge were compared: word of the change had not come before.`,
  ]);
  await unmute();
  await world.reported(callerEntered(7));
  await world.received("t2", request("update-conference", "m-all", { action: "mute-all" }));
  await world.allDone();
  const all = sentences(world).filter((text) => text.includes("for all callers"));
  expect(all).toContain(
    "Why was the caller 14085551234 muted? WebEx asked for it for all callers at T, and the bridge did it at T.",
  );
});

test.each([
  ["anna", "The operator anna"],
  ["operator", "An operator"],
])("explains a mute by %s: %s", async (person, who) => {
  const world = await namedCaller();
  await world.operate("a1", { type: "mute", call: "c0" }, person);
  await world.allDone();
  expect(about(world, muted)).toEqual([`${muted} ${who} asked for it at T, and the bridge did it at T.`]);
});

test("explains a mute that the bridge refuses or does not answer", async () => {
  const world = await namedCaller();
  await world.received("t1", muteCaller("1001"));
  await refused(world, "unreachable");
  await world.received("t2", muteCaller("1001", "m2"));
  world.ackAll();
  await world.time.pass(12_000);
  const question = "Why was the caller 14085551234 (WebEx's call 1001) not muted?";
  expect(about(world, question)).toEqual([
    `${question} WebEx asked for it at T. The bridge refused it: it could not be reached.`,
    `${question} WebEx asked for it at T. The bridge did not answer in time.`,
  ]);
  const away = await namedCaller();
  await away.received("t1", muteCaller("1001"));
  await away.time.pass(40_000);
  expect(about(away, question)).toEqual([`${question} WebEx asked for it at T. ${agentAway}`]);
  // A late refusal is no second answer.
  await refused(world, "too-late");
  expect(about(world, question)).toHaveLength(2);
  await world.received("t3", request("drop-caller", "m3", { extCallId: "1001" }));
  await refused(world, "refused");
  expect(about(world, "Why was the caller 14085551234 (WebEx's call 1001) not dropped?")).toEqual([
    "Why was the caller 14085551234 (WebEx's call 1001) not dropped? WebEx asked for it at T. The bridge refused it: it gave no reason.",
  ]);
});

test("explains an entry that was withdrawn during an outage", async () => {
  const world = new ConferenceWorld();
  world.domain = testDomain({ webex: { retryDelaysMs: [1_000] } });
  await world.running(0);
  world.answer = () => ({ kind: "failed", reason: "refused" });
  await world.reported(callerEntered(0));
  await world.reported(callerEntered(1));
  await world.time.pass(20_000);
  const [, second] = explained(world).filter(({ question }) => question.startsWith("Why does WebEx not show"));
  expect(second?.answer).toBe("WebEx could not be reached when the caller entered, and was not notified of it yet.");
  await world.reported(callerLeft(1));
  const [, left] = about(world, "Why does WebEx not show");
  expect(left).toMatch(/ and was not notified of it\. The caller left at T\.$/);
  const other = { msgId: "m2", replyTo: "localhost:8802", extConfId: "7002" };
  await world.received("t-create", createConference(other));
  const [failover] = about(world, "What did the failover");
  expect(failover).toContain(" What 127.0.0.1:8801 was owed, it is not notified of any more.");
});

test("asks nothing about the mute that a private talk restores", async () => {
  const world = await namedCaller();
  await world.reported(event({ type: "caller-muted", call: "c0", muted: true }));
  const phone = { country: "1", area: "408", local: "5550123", extension: "" };
  await world.received("t1", request("call-out", "m1", { extCallId: "2001", joinMode: "private-talk", phone }));
  const call = world.dialled;
  await world.reported(event({ type: "call-answered", call }));
  for (let round = 0; round < 4; round += 1) await world.allDone();
  await world.received("t2", request("update-conference", "m2", { action: "add-to-main", extCallId: "2001" }));
  await refused(world, "unreachable");
  await world.allDone();

  expect(sentences(world).filter((text) => text.includes("not muted"))).toEqual([]);
});

test("explains why a caller enters muted", async () => {
  const world = await ConferenceWorld.running(0);
  const caller = { number: "14085551234", attendeeId: "999", room: "main" };
  const enters = (call: string, marks: object) =>
    world.reported(event({ type: "caller-entered", caller: { ...caller, call, ...marks } }));
  await enters("c1", { muted: true, silent: true });
  await enters("c2", { muted: true, silent: false });
  await enters("c3", { muted: false, silent: false });
  const phone = { country: "1", area: "408", local: "5550123", extension: "" };
  const callOut = { extCallId: "2001", privilege: "listen", phone };
  await world.received("t1", request("call-out", "m1", callOut));
  const call = world.dialled;
  await world.reported(event({ type: "call-answered", call }));
  await world.allDone();
  await world.allDone();
  expect(sentences(world).filter((text) => text.includes(" muted? "))).toEqual([
    "Why was the caller 14085551234 muted? It keyed the ID of silent monitors as its attendee ID, so it entered muted and may only listen.",
    "Why was the caller 14085551234 muted? It was muted already when the bridge reported that it entered.",
    "Why was the caller 14085550123 (WebEx's call 2001) muted? WebEx had it dialled as a call that may only listen, so it was muted before it entered.",
  ]);
});

test("explains a mute that returns from a sub-conference", async () => {
  const world = await namedCaller();
  await world.received("t0", muteCaller("1001"));
  await world.allDone();
  await world.received("t1", request("create-sub-conference", "m1", { subConfId: "s1" }));
  await world.allDone();
  const into = request("add-to-sub-conference", "m2", { subConfId: "s1", extCallId: "1001" });
  await world.received("t2", into);
  await world.allDone();
  await world.received("t3", { ...muteCaller("1001", "m3"), privilege: "speak" } as FromWebex);
  await world.allDone();
  const back = request("remove-from-sub-conference", "m4", { subConfId: "s1", extCallId: "1001" });
  await world.received("t4", back);
  await world.allDone();
  expect(about(world, muted)).toEqual([
    `${muted} WebEx asked for it at T, and the bridge did it at T.`,
    `${muted} It returned from a sub-conference, and was muted in the main conference before it went there.`,
  ]);
});

const ended = "Why did the call of the caller 14085551234 (WebEx's call 1001) end?";

test("explains the end of a call by its cause", async () => {
  const hungUp = await namedCaller();
  await hungUp.reported(callerLeft(0));
  expect(sentences(hungUp)).toEqual([`${ended} The caller hung up.`]);

  const dropped = await namedCaller();
  await dropped.received("t1", request("drop-caller", "m1", { extCallId: "1001" }));
  expect(sentences(dropped)).toEqual([
    `Why is the caller 14085551234 (WebEx's call 1001) not dropped yet? WebEx asked for it at T. ${unacknowledged}`,
  ]);
  await dropped.allDone();
  expect(sentences(dropped)).toEqual([`${ended} WebEx asked for it at T, and the bridge dropped it at T.`]);

  const gone = await namedCaller();
  await gone.received("t1", request("drop-caller", "m1", { extCallId: "1001" }));
  await refused(gone, "no-such-call");
  expect(sentences(gone)).toEqual([
    `${ended} It was to be dropped, and the bridge answered that the call was over already: word of its end had not come before.`,
  ]);

  const kept = await namedCaller();
  await kept.received("t1", request("drop-caller", "m1", { extCallId: "1001" }));
  await refused(kept, "unreachable");
  expect(about(kept, ended)).toEqual([]);

  const missed = await namedCaller();
  await missed.reported(event({ type: "snapshot", conference: held() }));
  expect(sentences(missed)).toEqual([
    `${ended} The bridge no longer had the call when conference and bridge were compared: word of its end had not come before.`,
    "What did the comparison with the bridge change? Conference and bridge were compared, and the bridge held it otherwise: a caller had left. WebEx was notified of that, as of any change.",
  ]);
});

test("explains by its cause a call-out that does not enter", async () => {
  const world = new ConferenceWorld();
  world.domain = testDomain({ policy: { deny: ["+44"] } });
  await world.running(0);
  const dial = (msgId: string, extCallId: string, country: string) => {
    const phone = { country, area: "408", local: "5550123", extension: "" };
    return world.received(`t-${msgId}`, request("call-out", msgId, { extCallId, privilege: "speak", phone }));
  };
  await dial("m1", "2001", "44");
  await dial("m2", "2002", "1");
  const question = (number: string, call: string) =>
    `Why was the number ${number} (WebEx's call ${call}) not brought into the conference?`;
  expect(sentences(world)).toEqual([
    `${question("444085550123", "2001")} The domain's settings do not allow that number.`,
    `Why is the number 14085550123 (WebEx's call 2002) not dialled yet? WebEx asked for it at T. ${unacknowledged}`,
  ]);
  const call = world.dialled;
  await world.reported(event({ type: "caller-left", call, reason: "busy" }));
  expect(about(world, "Why was").slice(1)).toEqual([`${question("14085550123", "2002")} The line was busy.`]);

  await dial("m3", "2003", "1");
  await world.time.pass(120_000);
  await world.allDone();
  expect(about(world, "Why was").slice(2)).toEqual([`${question("14085550123", "2003")} ${agentAway}`]);

  await dial("m4", "2004", "1");
  await world.received("t5", request("cancel-call-out", "m5", { extCallId: "2004" }));
  await world.allDone();
  expect(about(world, "Why was").slice(3)).toEqual([
    `${question("14085550123", "2004")} WebEx cancelled the call while it rang.`,
  ]);
  expect(about(world, "Why was", { call: "+1 (408) 555-0123" })).toEqual(about(world, "Why was").slice(1));
});

test("explains what a failover changed", async () => {
  const world = await namedCaller();
  world.answer = ({ url, transId }) =>
    url.includes("8801") ? { kind: "failed", reason: "TimeoutError" } : world.confirmed(transId);
  await world.reported(callerEntered(1));
  const other = { msgId: "m2", replyTo: "localhost:8802", extConfId: "7002" };
  await world.received("t-create", createConference(other));
  const before =
    "What did the failover change? WebEx's server localhost:8802 took over from 127.0.0.1:8801, and calls the conference 7002 instead of 7001. What waited for 127.0.0.1:8801 was not sent any more: that a caller entered. localhost:8802 was notified anew: that the conference is running and that a caller entered (2 times).";
  expect(about(world, "What did the failover")).toEqual([before]);
  expect(about(world, "Why was WebEx not notified")).toEqual([
    "Why was WebEx not notified that the caller 14085551234 entered? WebEx's server 127.0.0.1:8801 was replaced by another server before it had confirmed the document. localhost:8802 was notified of how the conference is instead.",
  ]);
  await world.reported(event({ type: "snapshot", conference: held({ locked: true }) }));
  expect(about(world, "What did the failover")).toEqual([
    `${before} Soon after, a comparison found that the bridge held it otherwise: the lock had changed and a caller had left (2 times).`,
  ]);
  // Nearly: the same server asks again for the same conference.
  const same = await namedCaller();
  await same.received("t-create", createConference({ msgId: "m2" }));
  expect(sentences(same)).toEqual([]);
});

test("explains a pending command until it is done", async () => {
  const world = await namedCaller();
  await world.received("t1", muteCaller("1001"));
  const question = "Why is the caller 14085551234 (WebEx's call 1001) not muted yet? WebEx asked for it at T.";
  expect(sentences(world)).toEqual([`${question} ${unacknowledged}`]);
  expect(explained(world)[0]?.rows).toEqual([{ seq: world.stored.journal.lastSeq, at: world.stored.journal.lastAt }]);
  await world.time.pass(10_000);
  expect(sentences(world)[0]).toMatch(/sent \d+ times, and no agent .* the agent is away, or its link is broken\.$/);
  world.ackAll();
  const acknowledged = `${question} The agent of the bridge simulated has the command, and the bridge has not answered yet.`;
  expect(sentences(world)).toEqual([acknowledged]);
  await world.time.pass(60_000);
  expect(about(world, "Why is")).toEqual([`${acknowledged} It is late since T; it still counts.`]);
  await world.allDone();
  expect(about(world, "Why is")).toEqual([]);
});

test("explains the end of a conference by its cause", async () => {
  const end = "Why did the conference end?";
  const closed = await namedCaller();
  await closed.received("t1", request("close-conference", "m1"));
  expect(sentences(closed)).toEqual([
    `Why has the conference not ended yet? WebEx asked for it at T. ${unacknowledged}`,
  ]);
  await refused(closed, "unreachable");
  expect(sentences(closed)).toEqual([
    "Why did the bridge not end the conference? WebEx asked for it at T, and the bridge refused: it could not be reached.",
  ]);
  await closed.received("t2", request("close-conference", "m2"));
  await closed.allDone();
  expect(about(closed, end)).toEqual([`${end} WebEx closed it at T, and the bridge ended it at T.`]);
  expect(about(closed, ended)).toEqual([`${ended} The conference ended, and its calls with it.`]);

  const byTelephone = await namedCaller();
  await byTelephone.reported(event({ type: "conference-ended" }));
  expect(about(byTelephone, end)).toEqual([`${end} Somebody ended it by telephone, at the bridge.`]);

  const lost = await namedCaller();
  await lost.reported(event({ type: "snapshot", conference: null }));
  expect(about(lost, end)).toEqual([
    `${end} The bridge no longer had it: it had ended there, or the bridge was started anew, and word of that had not come.`,
  ]);

  const deserted = await namedCaller();
  await deserted.received("t1", request("close-conference", "m1", { keepAlive: true }));
  const kept =
    "Why was WebEx notified of nothing in the conference for a while? WebEx closed the meeting at T and kept its audio: it wants to hear nothing of it until it opens it again.";
  expect(sentences(deserted)).toEqual([kept]);
  await deserted.reported(callerLeft(0));
  await deserted.allDone();
  expect(about(deserted, end)).toEqual([
    `${end} WebEx had closed the meeting at T and kept its audio, and nobody was left on the telephone.`,
  ]);

  const closedLater = await namedCaller();
  await closedLater.received("t1", request("close-conference", "m1", { keepAlive: true }));
  await closedLater.received("t2", request("close-conference", "m2"));
  await closedLater.allDone();
  expect(about(closedLater, end)).toEqual([`${end} WebEx closed it at T, and the bridge ended it at T.`]);
});

test("explains why a conference is not created", async () => {
  const world = new ConferenceWorld();
  await world.received("t1", createConference());
  expect(sentences(world)).toEqual([`Why does the conference not run yet? WebEx asked for it at T. ${unacknowledged}`]);
  await refused(world, "capacity");
  const why = "Why was the conference not created?";
  expect(about(world, why)).toEqual([`${why} The bridge refused to create it: it has no free port, or is drained.`]);
  await world.received("t2", createConference({ msgId: "m2" }));
  await world.time.pass(20_000);
  expect(about(world, why).slice(1)).toEqual([`${why} ${agentAway}`]);
  await world.received("t3", createConference({ msgId: "m3" }));
  world.ackAll();
  await world.time.pass(20_000);
  expect(about(world, why).slice(2)).toEqual([`${why} The bridge did not answer in time.`]);
});

test("explains a lock and a full conference", async () => {
  const question = "Why could nobody else enter?";
  const world = await namedCaller();
  await world.received("t1", lock("m1"));
  await world.allDone();
  const first = `${question} The conference was locked from T on: WebEx wanted that. Nobody who dials a locked conference is let in.`;
  expect(sentences(world)).toEqual([first]);
  await world.reported(event({ type: "lock-changed", locked: false }));
  expect(sentences(world)).toEqual([first.replace("from T on", "at T, for less than a second")]);
  await world.received("t2", lock("m2"));
  await world.allDone();
  await world.time.pass(2_000);
  await world.reported(event({ type: "lock-changed", locked: false }));
  expect(sentences(world).at(-1)).toContain("was locked from T until T: WebEx wanted that");

  const full = new ConferenceWorld();
  await full.received("t1", createConference({ maxCallers: 1 }));
  await full.allDone();
  expect(about(full, question)).toEqual([]);
  await full.reported(callerEntered(0));
  expect(about(full, question)).toEqual([
    `${question} From T on the conference had 1 caller, as many as WebEx allows for this conference.`,
  ]);
});

test("gives only the answers of one call, by id or by WebEx's name", async () => {
  const world = await namedCaller();
  await world.reported(callerEntered(1));
  await world.reported(callerLeft(0));
  expect(sentences(world).length).toBe(2);
  expect(sentences(world, { call: "c0" })).toEqual([`${ended} The caller hung up.`]);
  expect(sentences(world, { call: "1001" })).toEqual(sentences(world, { call: "c0" }));
  expect(sentences(world, { call: "nobody" })).toEqual([]);
  const hidden = explained(world, {}, persons.masked);
  expect(JSON.stringify(hidden)).not.toMatch(/14085551234|"444/);
});

test("explains who locked a conference that the edge found", async () => {
  const lockOf = async (cannot: readonly "lock"[], by: (world: ConferenceWorld) => Promise<unknown>) => {
    const world = new ConferenceWorld();
    await world.during(world.reportFrom("simulated", event({ type: "snapshot", conference: held() }), { cannot }));
    await by(world);
    return about(world, "Why could nobody else enter?");
  };
  const locked = (who: string) => [expect.stringContaining(`: ${who} wanted that.`)];

  expect(await lockOf([], (world) => world.allDone())).toEqual(locked("the edge, until WebEx creates it again,"));
  const byTelephone = event({ type: "lock-changed", locked: true });
  expect(await lockOf(["lock"], (world) => world.reported(byTelephone))).toEqual(locked("somebody at the bridge"));
  const later = event({ type: "snapshot", conference: held({ locked: true }) });
  expect(await lockOf(["lock"], (world) => world.reported(later))).toEqual(locked("somebody at the bridge"));
});

test("explains the end of an empty conference that the edge found", async () => {
  const world = new ConferenceWorld();
  await world.during(world.reportFrom("simulated", event({ type: "snapshot", conference: held() })));
  await world.received("t1", createConference());

  expect(about(world, "Why did the conference end?")).toEqual([
    expect.stringContaining("nobody was in it when WebEx created it again: that one is another."),
  ]);
});

test("explains a Confirmation with a failure after an outage", async () => {
  const world = await entered();
  world.answer = () => ({ kind: "failed", reason: "refused" });
  await world.reported(callerEntered(3));
  await world.time.pass(60_000);
  world.answer = ({ transId }) => world.confirmed(transId, "not-supported");
  await world.time.pass(60_000);
  expect(about(world, "Why was WebEx not notified").join()).toContain("has confirmed it with a failure at T.");
});

test("takes an early close for an end that WebEx knows", async () => {
  const world = new ConferenceWorld();
  await world.received("t-1", createConference());
  await world.received("t-2", request("close-conference", "m-close"));
  expect(world.conference.reader.view()?.phase).toBe("creating");
  expect(about(world, "Why was WebEx refused the conference?")).toEqual([
    "Why was WebEx refused the conference? WebEx closed it before the bridge had created it.",
  ]);
});
