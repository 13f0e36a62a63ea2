import { beforeEach, describe, expect, test } from "vitest";
import { control } from "../../simulators/bridge/control.ts";
import { Machine } from "../../simulators/bridge/machine.ts";
import type { BridgeCommand, CommandResult } from "../../src/bridge/commands.ts";
import type { BridgeEvent } from "../../src/bridge/events.ts";
import type { CallId, CommandId, ConfKey } from "../../src/foundation/ids.ts";
import { Clock } from "../kit/clock.ts";

const key = "987654321" as ConfKey;
const create: BridgeCommand = { type: "create-conference", maxCallers: null, anonymousId: null };

let time: Clock;
let events: BridgeEvent[];
let machine: Machine;

beforeEach(() => {
  time = new Clock();
  events = [];
  machine = new Machine(
    "boot",
    time,
    (event) => events.push(event),
    () => {},
  );
});

function ask(method: string, path: string, body?: unknown) {
  return control(machine, method, path, body === undefined ? "" : JSON.stringify(body));
}
function execute(
  name: string,
  command: BridgeCommand,
  conference: ConfKey | null = key,
  owner = "local/simulated",
): CommandResult[] {
  const results: CommandResult[] = [];
  machine.execute(owner, name as CommandId, conference, command, (result) => results.push(result));
  return results;
}
function dialIn(keys = ""): CallId {
  return machine.dialIn("14085551234", keys);
}
function admit(call: CallId): BridgeCommand {
  return { type: "admit", call, muted: false, joinTone: true, attendeeId: "444" };
}
function dial(call: string, waitMs = 30_000): BridgeCommand {
  const number = { country: "1", area: "408", local: "5550002", extension: "12" };
  return { type: "dial", call: call as CallId, number, waitMs };
}
const ok = { status: 200, body: {} };

test("a full bridge rejects callers and dials nobody until a call ends", () => {
  machine.world.ports = 2;
  execute("k1", create);
  expect(execute("k2", dial("d1"))).toEqual([{ done: true }]);
  const first = dialIn();
  events.length = 0;

  const second = dialIn("9#");
  expect(machine.world.find(second)).toMatchObject({ stage: "ended", endReason: "busy" });
  expect(execute("k3", dial("d2"))).toEqual([{ done: false, reason: "capacity" }]);
  expect(events).toEqual([]);

  const call = machine.world.find(first);
  if (call) machine.hangUp(call);
  expect(execute("k4", dial("d3"))).toEqual([{ done: true }]);
});

describe("the control interface", () => {
  test("POST /calls: a caller dials in and keys", () => {
    const { status, body } = ask("POST", "/calls", { from: "14085551234", keys: "9#" });
    const [call] = [...machine.world.calls.keys()];
    expect({ status, body }).toEqual({ status: 201, body: { id: call } });
    expect(events).toEqual([
      { type: "prompted", call, number: "14085551234", dialled: "" },
      { type: "keys", call, keys: "9#" },
    ]);
    ask("POST", "/calls", { from: "", to: "18005551234" });
    expect(events.at(-1)).toMatchObject({ type: "prompted", dialled: "18005551234" });
  });

  test.each(["acme/bridge-1", null])("PUT /conferences/{key}: a conference of another owner, %s", (owner) => {
    expect(ask("PUT", `/conferences/${key}`, { owner })).toEqual(ok);
    expect(ask("PUT", `/conferences/${key}`, { owner: "local/simulated" }).status).toBe(409);
    expect(machine.state().conferences).toMatchObject([{ conference: key, owner }]);
    expect(execute("a", create)).toEqual([{ done: false, reason: "refused" }]);
    expect(execute("b", { type: "end-conference" })).toEqual([{ done: false, reason: "no-such-conference" }]);
    expect(events).toEqual([]);
  });

  test("PUT /numbers/{digits}: the number answers after its time", () => {
    expect(ask("PUT", "/numbers/14085550002", { outcome: "answer", afterMs: 700 })).toEqual(ok);
    execute("a", create);
    execute("b", dial("leg"));
    time.advance(699);
    expect(events).toEqual([]);
    time.advance(1);
    expect(events).toEqual([{ type: "answered", call: "leg", conference: key }]);
  });

  test("PUT /faults: refuses the named commands until the faults change", () => {
    ask("PUT", "/faults", { refuse: ["create-conference"] });
    expect(execute("a", create)).toEqual([{ done: false, reason: "refused" }]);
    expect(machine.state().conferences).toEqual([]);
    ask("PUT", "/faults", {});
    expect(execute("b", create)).toEqual([{ done: true }]);
    expect(machine.acts.map(({ n, outcome }) => [n, outcome])).toEqual([
      [1, "refused"],
      [2, "done"],
    ]);
  });

  test("POST /reset: ends calls, refuses pending commands and deletes the rest", () => {
    ask("PUT", "/numbers/14085550002", { outcome: "busy" });
    execute("a", create);
    const inside = dialIn();
    execute("b", admit(inside));
    const outside = dialIn();
    ask("PUT", "/faults", { delayMs: 100 });
    const held = execute("c", { type: "lock" });
    events = [];

    expect(ask("POST", "/reset")).toEqual(ok);

    expect(events).toEqual([
      { type: "conference-ended", conference: key },
      { type: "ended", call: outside, conference: null, reason: "hung-up" },
    ]);
    expect(held).toEqual([{ done: false, reason: "refused" }]);
    expect(ask("GET", "/acts").body).toEqual({ acts: [] });
    expect(ask("GET", "/state").body).toMatchObject({
      conferences: [],
      calls: [
        { id: inside, state: "ended", endReason: "conference-ended" },
        { id: outside, state: "ended", endReason: "hung-up" },
      ],
    });
    expect(machine.numbers.size).toBe(0);
    expect(machine.faults.delayMs).toBe(0);
    time.advance(1_000);
    expect(machine.acts).toEqual([]);
  });
});

describe("a bad request to the control interface", () => {
  const notFound = { status: 404, body: { error: expect.any(String) } };
  const bad = { status: 400, body: { error: expect.any(String) } };

  test.each([
    ["POST", "/calls/nobody/keys", { keys: "1" }],
    ["POST", "/calls/nobody/talking", { talking: true }],
    ["POST", "/calls/nobody/hang-up", undefined],
    ["POST", "/conferences/1/lock", { locked: true }],
    ["POST", "/conferences/1/end", undefined],
    ["POST", "/calls/%E0%A4%A/hang-up", undefined],
    ["GET", "/nothing", undefined],
    ["DELETE", "/state", undefined],
  ])("%s %s gets 404", (method, path, body) => {
    expect(ask(method, path, body)).toEqual(notFound);
  });

  test.each([
    ["POST", "/calls", {}],
    ["POST", "/calls", { from: 14085551234 }],
    ["POST", "/calls", { from: "1", keys: "A" }],
    ["POST", "/calls", { from: "1", to: "+1" }],
    ["PUT", "/conferences/1", {}],
    ["POST", "/calls/ID/keys", {}],
    ["POST", "/calls/ID/keys", { keys: "1 2" }],
    ["POST", "/calls/ID/talking", { talking: "yes" }],
    ["POST", "/conferences/987654321/lock", {}],
    ["PUT", "/numbers/12x", { outcome: "busy" }],
    ["PUT", "/numbers/12", { outcome: "busy", afterMs: -1 }],
    ["PUT", "/faults", { delayMs: "long" }],
    ["PUT", "/faults", { refuse: ["create-conferences"] }],
    ["POST", "/calls", { from: "1", key: "9#" }],
    ["PUT", "/faults", undefined],
  ])("%s %s with %j gets 400", (method, path, body) => {
    execute("a", create);
    expect(ask(method, path.replace("ID", dialIn()), body)).toEqual(bad);
  });

  test("a misspelt field leaves the faults as they were", () => {
    ask("PUT", "/faults", { refuse: ["create-conference"] });
    const error = "donw is no field of this request";
    expect(ask("PUT", "/faults", { donw: true })).toEqual({ status: 400, body: { error } });
    expect(execute("a", create)).toEqual([{ done: false, reason: "refused" }]);
  });

  test.each([
    ["/faults", { delayMs: "long" }, 'delayMs must be a number (it is "long")'],
    ["/numbers/12", {}, "outcome is missing"],
    [
      "/numbers/12",
      { outcome: "maybe" },
      'outcome must be one of "answer", "busy", "reject", "invalid", "no-answer" (it is "maybe")',
    ],
    ["/faults", { refuse: {} }, "refuse must be a list (it is an object)"],
    ["/faults", 3, "the body must be an object (it is 3)"],
    ["/faults", [], "the body must be an object, not a list"],
  ])("PUT %s with %j names the right value", (path, body, error) => {
    expect(ask("PUT", path, body)).toEqual({ status: 400, body: { error } });
  });

  test("a body that is not JSON gets 400", () => {
    expect(control(machine, "POST", "/calls", "{")).toEqual(bad);
  });
});
