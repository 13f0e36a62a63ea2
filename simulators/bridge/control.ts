import * as v from "valibot";
import { commandTypes } from "../../src/bridge/command-rules.ts";
import type { CallId, ConfKey } from "../../src/foundation/ids.ts";
import { type ControlAnswer, problem, withBody } from "../control-requests.ts";
import { DEFAULT_PLAN, type Machine } from "./machine.ts";
import { visibleState } from "./visible-state.ts";
import type { Call } from "./world.ts";

const flag = v.boolean();
const milliseconds = v.pipe(v.number(), v.safeInteger("must be a whole number"), v.minValue(0, "must not be negative"));
const keys = v.pipe(v.string(), v.regex(/^[0-9*#]{0,200}$/, "must be up to 200 of 0-9, * and #"));
const number = v.pipe(v.string(), v.regex(/^\d{0,32}$/, "must be up to 32 digits"));
const callBody = v.strictObject({ from: number, keys: v.optional(keys, ""), to: v.optional(number, "") });
const ownerBody = v.strictObject({ owner: v.nullable(v.pipe(v.string(), v.nonEmpty("must not be empty"))) });
const keysBody = v.strictObject({ keys });
const talkingBody = v.strictObject({ talking: flag });
const lockBody = v.strictObject({ locked: flag });
const planBody = v.strictObject({
  outcome: v.picklist(["answer", "busy", "reject", "invalid", "no-answer"]),
  afterMs: v.optional(milliseconds, DEFAULT_PLAN.afterMs),
});
/** A field that is left out is as without faults. */
const faultsBody = v.strictObject({
  delayMs: v.optional(milliseconds, 0),
  hold: v.optional(flag, false),
  refuse: v.optional(v.array(v.picklist(commandTypes)), []),
  down: v.optional(flag, false),
});

/** Callers, callees and the host at their telephones; faults; and the state to look at. */
export function control(machine: Machine, method: string, path: string, text: string): ControlAnswer {
  const [, route, encodedId = "", action = ""] = /^\/([a-z]+)(?:\/([^/]+))?(?:\/([a-z-]+))?$/.exec(path) ?? [];
  const id = decoded(encodedId);
  switch (`${method} ${route}${id === "" ? "" : "/:id"}${action === "" ? "" : `/${action}`}`) {
    case "POST calls":
      return withBody(text, callBody, ({ from, keys, to }) => ({
        status: 201,
        body: { id: machine.dialIn(from, keys, to) },
      }));
    case "POST calls/:id/keys":
      return onCall(machine, id, (call) => withBody(text, keysBody, ({ keys }) => done(machine.press(call, keys))));
    case "POST calls/:id/talking":
      return onCall(machine, id, (call) =>
        withBody(text, talkingBody, ({ talking }) => done(machine.talk(call, talking))),
      );
    case "POST calls/:id/hang-up":
      return onCall(machine, id, (call) => done(machine.hangUp(call)));
    case "POST calls/:id/answer":
      return onCall(machine, id, (call) => done(machine.pickUp(call)));
    case "GET calls/:id/heard":
      return onCall(machine, id, ({ heard }) => ({ status: 200, body: { heard } }));
    case "PUT conferences/:id":
      if (machine.world.conferences.has(id as ConfKey)) return problem(409, `there is a conference ${id}`);
      return withBody(text, ownerBody, ({ owner }) => done(machine.world.addConference(id as ConfKey, owner)));
    case "POST conferences/:id/lock":
      return onConference(machine, id, (key) =>
        withBody(text, lockBody, ({ locked }) => done(machine.lockByTelephone(key, locked))),
      );
    case "POST conferences/:id/end":
      return onConference(machine, id, (key) => done(machine.endByTelephone(key)));
    case "PUT numbers/:id":
      if (!/^\d+$/.test(id)) return problem(400, `the number ${id} is not made of digits`);
      return withBody(text, planBody, (plan) => done(machine.numbers.set(id, plan)));
    case "PUT faults":
      return withBody(text, faultsBody, (faults) => done(machine.setFaults(faults)));
    case "POST reset":
      return done(machine.reset());
    case "GET state":
      return { status: 200, body: visibleState(machine.world) };
    case "GET acts":
      return { status: 200, body: { acts: machine.acts } };
    default:
      return problem(404, `nothing answers ${method} ${path}`);
  }
}

function onCall(machine: Machine, id: string, then: (call: Call) => ControlAnswer): ControlAnswer {
  const call = machine.world.find(id as CallId);
  return call ? then(call) : problem(404, `there is no call ${id}`);
}

function onConference(machine: Machine, id: string, then: (key: ConfKey) => ControlAnswer): ControlAnswer {
  const conference = machine.world.conferences.get(id as ConfKey);
  return conference ? then(conference.key) : problem(404, `there is no conference ${id}`);
}

/** The effect has happened by now; nothing is left to tell. */
function done(_effect: unknown): ControlAnswer {
  return { status: 200, body: {} };
}

/** An id with a broken `%` in it is no id of ours, and is then not found. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
