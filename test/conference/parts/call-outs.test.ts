import { expect, test } from "vitest";
import type { ConferenceInput } from "../../../src/conference/inputs.ts";
import type { CallId } from "../../../src/foundation/ids.ts";
import { done, event, left } from "../../builders.ts";
import { asked, decided, dialled, factsOf, inside, pending, reported, running } from "./decided.ts";

const phone = { country: "1", area: "408", local: "5550123", extension: "" };
const call = { type: "call-out", extCallId: "77", phone };
const request = { type: "call-out", msgId: "m7", extConfId: "1001" };
const answered = event({ type: "call-answered", call: "o1" });
const result = (id: string, reason: string) => ({ type: "result", id, result: { done: false, reason } }) as never;
const time = (at: number): ConferenceInput => ({ type: "time", at });
const out = (more: object = {}) => ({ callOuts: new Map([dialled("o1", { request, ...more })]) });
const callOutIn = ({ changes }: ReturnType<typeof decided>) => changes.callOuts.get("o1" as CallId);
const ends = (decision: ReturnType<typeof decided>) =>
  factsOf(decision, "call-not-entered").map((fact) => {
    const { record } = fact as {
      readonly record: { readonly endedBy: string; readonly status: string; readonly reason: string };
    };
    return [record.endedBy, record.status, record.reason];
  });

test("a call that has left keeps no name from another, and takes no place", () => {
  const callers = new Map([inside("c1", { extCallId: "77", enterMsgId: "e1", left: true })]);
  const { commands } = decided({ head: running({ maxCallers: 1 }), callers }, asked(call));
  expect(commands).toMatchObject([{ type: "dial", number: phone }]);
});

test("a call-out is kept as WebEx asked for it, and names no host but of a private talk (protocol 4.3, 4.21)", () => {
  const callers = new Map([inside("c1")]);
  const [plain, invited] = [{}, { attendeeId: "7", joinMode: "private-talk" }].map((more) =>
    decided({ callers }, asked({ ...call, ...more })),
  );

  expect([...(plain?.changes.callOuts.values() ?? [])]).toStrictEqual([
    {
      ...{ call: "555.1.2", request: { ...request, msgId: "m1", replyTo: "tsp1:80" }, extCallId: "77", number: phone },
      ...{
        participantType: "participant",
        muted: false,
        privately: false,
        by: [{ type: "request", transId: "t1", msgId: "m1" }],
      },
      ...{ stage: "dialling", answerBy: 66_000, history: { began: 2, dialledAt: 1_000 } },
    },
  ]);
  expect([...(invited?.changes.callOuts.values() ?? [])]).toMatchObject([{ attendeeId: "7", privately: true }]);
  expect([plain?.head?.chosenHost, invited?.head?.chosenHost?.call]).toEqual([undefined, "c1"]);
});

test("a number that the domain denies is a fact of its own, and any other refusal is not", () => {
  const settings = { policy: { allow: ["+44"], deny: [] } };
  const denied = decided({}, asked(call), { settings });
  const full = decided({ head: running({ maxCallers: 1 }), callers: new Map([inside("c1")]) }, asked(call));

  expect(factsOf(denied, "call-out-denied")).toEqual([
    { kind: "call-out-denied", country: "1", number: "14085550123" },
  ]);
  expect(factsOf(full, "call-out-denied")).toEqual([]);
  expect([ends(denied), ends(full)]).toEqual([
    [["policy", "failed", "number-denied"]],
    [["policy", "failed", "capacity-exceeded"]],
  ]);
});

test("WebEx cancels the call of this name that is wanted, and no other one (protocol 4.5)", () => {
  const callOuts = new Map([
    dialled("o1", { stage: "dropping" }),
    dialled("o2", { extCallId: "78" }),
    dialled("o3", { stage: "dialling" }),
  ]);
  const { commands } = decided({ callOuts }, asked({ type: "cancel-call-out", extCallId: "77" }));
  expect(commands).toEqual([{ type: "cancel-dial", call: "o3" }]);
});

test("a call that is picked up has half a minute to enter, for those who had it dialled; else it is hung up", () => {
  const wanted = { type: "action", action: "op1", person: "Ann" };
  const picked = decided(out({ by: [wanted] }), reported(answered));
  const late = decided(
    out({ stage: "answered", request: null, answerBy: 31_000, history: { began: 1, answeredAt: 1_000 } }),
    time(31_000),
  );

  expect(callOutIn(picked)).toMatchObject({ stage: "answered", request: null, answerBy: 31_000 });
  expect([...picked.changes.commands.values()]).toMatchObject([
    { command: { type: "admit" }, by: [{ type: "report", event: "call-answered" }, wanted] },
  ]);
  expect([late.commands, callOutIn(late)?.end]).toEqual([
    [{ type: "expel", call: "o1" }],
    { endedBy: "bridge", status: "failed", reason: "bridge-timeout" },
  ]);
});

test("a call that nobody has picked up in time is stopped; where the bridge has not said that it dials, it is the bridge's fault", () => {
  const commands = new Map([pending("1", { type: "dial", call: "o1" }, { answerBy: 5_000 })]);
  const unanswered = decided(out({ answerBy: 5_000 }), time(5_000));
  const silent = decided({ ...out({ answerBy: 5_000 }), commands }, time(5_000));

  expect(unanswered.posts).toMatchObject([{ result: "no-answer" }]);
  expect(callOutIn(unanswered)?.end).toEqual({ endedBy: "nobody", status: "no-answer", reason: "no-answer" });
  expect(silent.posts).toMatchObject([{ result: "bridge-timeout" }]);
  expect(callOutIn(silent)?.end).toEqual({ endedBy: "bridge", status: "failed", reason: "bridge-timeout" });
  for (const { commands } of [unanswered, silent]) expect(commands).toEqual([{ type: "cancel-dial", call: "o1" }]);
});

test.each([
  ["dial", "dialling", "unreachable", [], true],
  ["dial", "dialling", "too-late", ["cancel-dial"], false],
  ["admit", "answered", "no-such-call", [], true],
  ["admit", "answered", "refused", ["expel"], false],
  ["admit", "waiting", "refused", [], false],
  ["admit", "dropping", "refused", [], false],
])("after a refused %s of a call that is %s (%s) follow %j", (type, stage, reason, expected, isOver) => {
  const commands = new Map([pending("1", { type, call: "o1" })]);
  const isAnswered = stage === "dialling" || stage === "answered";
  const state = { ...out({ stage, ...(!isAnswered && { request: null }) }), commands };
  const decision = decided(state, reported(result("1", reason)));

  expect(decision.commands).toEqual(expected.map((type) => ({ type, call: "o1" })));
  expect(factsOf(decision, "call-not-entered")).toHaveLength(isOver ? 1 : 0);
  const answers = decision.posts.map((post) => "result" in post && post.result);
  expect(answers).toEqual(isAnswered ? [expect.not.stringMatching(/^ok$/)] : []);
});

test("a refused hang-up is tried again for a call that nobody wants, and not for an invitee that waits", () => {
  const commands = new Map([pending("1", { type: "expel", call: "o1" })]);
  const refused = (stage: string) =>
    decided({ ...out({ stage, answerBy: 9_000 }), commands }, reported(result("1", "refused")));

  expect(callOutIn(refused("dropping"))).toMatchObject({ answerBy: 11_000 });
  expect(callOutIn(refused("waiting"))).toBeUndefined();
});

test("a call that is hung up is over for why nobody wanted it, however often that is tried", () => {
  const end = { endedBy: "webex", status: "canceled", reason: "cancelled" };
  const again = decided(out({ stage: "dropping", request: null, end, answerBy: 5_000 }), time(5_000));
  expect([again.commands, callOutIn(again)]).toMatchObject([
    [{ type: "expel" }],
    { stage: "dropping", answerBy: null, end },
  ]);

  const state = { ...out({ stage: "dropping", end }), commands: again.changes.commands as ReadonlyMap<never, never> };
  expect(decided(state, reported(answered)).commands).toEqual([]);
  const [id] = state.commands.keys();
  expect(ends(decided(state, reported(done(id))))).toEqual([["webex", "canceled", "cancelled"]]);
});

test("a call-out that entered is dialled no more, and is left by its record's end", () => {
  const commands = new Map([pending("1", { type: "admit", call: "o1" })]);
  const decision = decided(
    { ...out({ stage: "answered", muted: true, extCallId: null }), commands },
    reported(done("1"), left("o1")),
  );

  expect([...decision.changes.callOuts]).toEqual([["o1", null]]);
  expect(factsOf(decision, "call-entered", "call-left")).toMatchObject([
    { call: "o1", direction: "out", number: "14085550123", muted: true },
    { call: "o1", record: { direction: "out", number: "14085550123", mutes: 1 } },
  ]);
});
