import { beforeEach, expect, test } from "vitest";
import { Ownership } from "../../bridge-agent/drivers/ownership.ts";
import { Machine } from "../../simulators/bridge/machine.ts";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import type { CallId, CommandId, ConfKey } from "../../src/foundation/ids.ts";
import { Clock } from "../simulation/clock.ts";

const [own, theirs] = ["987654321", "987650000"] as [ConfKey, ConfKey];
const [owner, stranger] = ["local/simulated", "elsewhere/bridge"];
const create: BridgeCommand = { type: "create-conference", maxCallers: null, anonymousId: null };
const admit = (call: CallId): BridgeCommand => ({ type: "admit", call, muted: false, joinTone: true });

let machine: Machine;
let ownership: Ownership;
/** What the agent hears, and what a visitor does. */
let heard: string[];
let heardByVisitor: string[];

beforeEach(() => {
  heard = [];
  heardByVisitor = [];
  ownership = new Ownership({ owner, dialIn: ["1800"] });
  const visitor = new Ownership(null);
  machine = new Machine(
    "boot",
    new Clock(),
    (event) => {
      if (ownership.isOwn(event)) heard.push(event.type);
      if (visitor.isOwn(event)) heardByVisitor.push(event.type);
    },
    () => {},
  );
});

function carryOut(as: string, key: ConfKey, ...commands: BridgeCommand[]): void {
  for (const command of commands) {
    machine.execute(as, "o1" as CommandId, key, command, ({ done }) => {
      if (done && as === owner) ownership.applySuccess(key, command);
    });
  }
}

test("a key that another owner has taken over is no longer the agent's", () => {
  carryOut(owner, own, create, { type: "end-conference" });
  carryOut(stranger, own, create);
  machine.lockByTelephone(own, true);

  expect(heard).toEqual([]);
});

test("the keys of a call that the agent has dialled are reported", () => {
  const call = "leg-1" as CallId;
  const number = { country: "1", area: "408", local: "5551234", extension: "" };
  carryOut(owner, own, create, { type: "dial", call, number, waitMs: 1_000 });
  const leg = machine.world.calls.get(call);
  if (leg) leg.stage = "entered";
  if (leg) machine.press(leg, "*6");

  expect(heard).toEqual(["keys"]);
});

test("an ended call is shown, but for one of a conference that another owner holds", () => {
  carryOut(owner, own, create);
  carryOut(stranger, theirs, create);
  const ended = [own, theirs, own].map((key, index) => {
    const call = machine.dialIn(`${index}`, "", key === own ? "1800" : "1900");
    carryOut(key === own ? owner : stranger, key, admit(call), { type: "expel", call });
    return call;
  });
  const shown = () => ownership.ownPart(machine.state()).calls.map(({ call }) => call);
  expect(shown()).toEqual([ended[0], ended[2]]);
  machine.endByTelephone(own);
  expect(shown()).toEqual([ended[0], ended[2]]);
});

test("a call that was counted as others' is not when it is over", () => {
  const call = machine.dialIn("1", "", "1900");
  expect(ownership.ownPart(machine.state()).callsOfOthers).toBe(1);
  const caller = machine.world.calls.get(call);
  if (caller) machine.hangUp(caller);
  expect(ownership.ownPart(machine.state()).callsOfOthers).toBe(0);
});

test.each([[["1800"]], [[]], [undefined]])(
  "with the numbers %j, a caller whose number is not known is the agent's only if all are",
  (dialIn) => {
    ownership = new Ownership({ owner, dialIn });
    machine.dialIn("1", "");

    expect(heard).toEqual(dialIn === undefined ? ["prompted"] : []);
  },
);

test("a visitor has nothing on the bridge, not even what is nobody's", () => {
  machine.world.addConference(own, null);
  const call = machine.dialIn("1", "1#", "1800");
  machine.lockByTelephone(own, true);

  expect(heardByVisitor).toEqual([]);
  expect(new Ownership(null).ownPart(machine.state())).toEqual({ conferences: [], calls: [], callsOfOthers: 1 });
  expect(ownership.ownPart(machine.state()).calls.map((shown) => shown.call)).toEqual([call]);
});

test("what happens in a conference is the agent's from its create to its end, also before it has seen a state", () => {
  carryOut(owner, own, create);
  machine.lockByTelephone(own, true);
  machine.endByTelephone(own);
  carryOut(stranger, own, create);
  machine.lockByTelephone(own, true);

  expect(heard).toEqual(["lock-changed", "conference-ended"]);
});

test("a caller's keys and end are reported where its number is the agent's, and no other one's", () => {
  for (const dialled of ["1800", "1900"]) {
    const caller = machine.world.calls.get(machine.dialIn("1", "12#", dialled));
    if (caller) machine.hangUp(caller);
  }

  expect(heard).toEqual(["prompted", "keys", "ended"]);
});

test("who is in another owner's conference is not shown, nor is that one's end reported, whatever number it has dialled", () => {
  carryOut(owner, own, create);
  carryOut(stranger, theirs, create);
  const call = machine.dialIn("1", "", "1800");
  carryOut(stranger, theirs, admit(call));
  expect(ownership.ownPart(machine.state())).toMatchObject({ calls: [], callsOfOthers: 1 });
  const next = machine.dialIn("2", "", "1800");
  carryOut(stranger, theirs, admit(next));
  for (const caller of [...machine.world.calls.values()]) machine.hangUp(caller);

  expect(heard).toEqual(["prompted", "prompted"]);
});

test("who was led into the agent's conference by others has left that one", () => {
  carryOut(owner, own, create);
  const call = machine.dialIn("1", "", "1900");
  const caller = machine.world.calls.get(call);
  if (caller) Object.assign(caller, { stage: "entered", conference: own });
  if (caller) machine.hangUp(caller);

  expect(heard).toEqual(["ended"]);
});
