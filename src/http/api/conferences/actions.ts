import * as v from "valibot";
import type { OperatorRequest } from "../../../conference/operator-requests.ts";
import { phoneNumberOf, wrongNumber } from "../../../foundation/dial-rules.ts";
import type { ActionId, CallId, RoomId } from "../../../foundation/ids.ts";
import { masked, open, personal, secret, showOf } from "../../../foundation/shown.ts";
import { problem } from "../../problem.ts";
import { route } from "../route.ts";
import { time } from "../values.ts";
import { isKnown } from "./conferences.ts";
import { acceptedAction, operate, operateRefusals } from "./operate.ts";

const path = "/domains/{domain}/conferences/{confKey}/actions";

function name(what: string) {
  return v.pipe(
    open(v.string()),
    v.regex(/^[^\p{Cc}]{1,256}$/u, "must be 1 to 256 characters, and no control characters"),
    v.description(what),
  );
}
const wholeNumber = "must be a whole number with + and the country code, such as +14085551234";
const call = name("Its `call` in the conference's view.");

/** What operators may ask; data for clients has requests of its own. */
export const actionBody = v.variant("type", [
  v.strictObject({
    type: v.pipe(v.picklist(["mute", "unmute", "expel"]), v.description("`expel` also ends a call-out that rings.")),
    call,
  }),
  v.strictObject({ type: v.literal("move"), call, room: name("`main`, or a sub-conference that is open.") }),
  v.strictObject({
    type: v.pipe(
      v.picklist(["lock", "unlock", "mute-all", "unmute-all", "end"]),
      v.description("All means neither the host nor a private talk, as for WebEx."),
    ),
  }),
  v.strictObject({
    type: v.literal("call-out"),
    number: v.pipe(
      personal(v.string()),
      v.regex(/^\+[1-9]\d{2,14}$/, wholeNumber),
      v.check((text) => wrongNumber(phoneNumberOf(text)) === null, wholeNumber),
    ),
    attendeeId: v.pipe(
      v.optional(
        // It may be a meeting's AnonymousID, which lets somebody in.
        v.pipe(secret(v.string()), v.regex(/^[^\s\p{Cc}]{1,64}$/u, "must be 1 to 64 characters without blanks")),
      ),
      v.description("WebEx then knows whose call it is."),
    ),
    muted: v.optional(open(v.boolean())),
  }),
]);

const result = v.pipe(
  v.nullable(
    v.object({
      type: v.picklist(["done", "refused", "no result"]),
      at: time,
      why: v.optional(v.string()),
    }),
  ),
  v.description("null: not known yet. `no result`: none came in time; a late one counts all the same."),
);

/** How far an action has come. */
export const actionShown = v.object({
  id: v.string(),
  person: v.string(),
  request: v.looseObject({ type: v.string() }),
  asked: time,
  onDisk: v.object({
    seq: v.pipe(v.number(), v.description("Of the row in the conference's journal.")),
    at: time,
  }),
  sent: v.pipe(
    v.array(v.object({ id: v.string(), type: v.string(), at: time, result })),
    v.description("The bridge's commands; none where it has nothing to do."),
  ),
  result,
  told: v.pipe(
    v.nullable(
      v.union([
        v.object({
          transIds: v.array(v.string()),
          confirmedAt: v.pipe(v.nullable(time), v.description("null: one of its documents waits.")),
        }),
        v.object({
          owed: v.pipe(
            v.number(),
            v.description("So many of its messages wait for a server that is behind, and go out once it answers."),
          ),
          owedSince: v.pipe(time, v.description("Of the first of them.")),
        }),
        v.object({
          notBecause: v.string(),
          isGivenUp: v.pipe(
            v.optional(v.literal(true)),
            v.description("WebEx should know of it, and never will: documents of it were given up."),
          ),
        }),
      ]),
    ),
    v.description("How WebEx is told."),
  ),
});

export const actionRoutes = [
  route({
    method: "POST",
    path,
    id: "act",
    tag: "Conferences",
    says: "Has a conference do something: mute, unmute, expel, move, lock, unlock, mute-all, unmute-all, end, call-out",
    more: "WebEx is told by its ordinary notifications. `GET …/actions/{id}` shows how far it has come.",
    body: actionBody,
    answer: {
      status: 202,
      says: "It is on disk. `Location` is where its stages are.",
      schema: v.object({
        id: v.pipe(v.string(), v.description("The `Idempotency-Key`, or one that was made.")),
        stages: v.pipe(v.string(), v.description("The path of its stages.")),
      }),
    },
    refusals: operateRefusals,
    about: ({ body }) => aboutAction(body),
    async handle(call) {
      const { body, actionId, domain, confKey } = call;
      const refusal = await operate(requested(body), call);
      return refusal ?? acceptedAction(domain.name, confKey, actionId);
    },
  }),
  route({
    method: "GET",
    path: `${path}/{action}`,
    id: "showAction",
    tag: "Conferences",
    says: "How far an action has come: asked, on disk, sent, done on the bridge, told to WebEx",
    more: "As the conference's journal has it. What is not known yet is null.",
    answer: {
      says: "Its stages.",
      schema: actionShown,
    },
    refusals: { 404: "There is no such domain that you see, or nothing is kept of such a conference or action." },
    async handle({ domain, confKey, edge, path: { action = "" } }) {
      const known = await isKnown(domain, confKey, edge);
      const stages = known && (await edge.views.conference(domain.name, confKey).action(action as ActionId));
      if (stages) return stages;
      const detail = `The journal of the conference ${confKey} has no action with this id: it was refused, or is too long ago.`;
      return problem(404, "no such action", detail);
    },
  }),
];

type ActionBody = v.InferOutput<typeof actionBody>;

const showAction = showOf(actionBody);

/** What the record of actions says of it. */
export function aboutAction(body: ActionBody): Readonly<Record<string, string>> {
  const shown = Object.entries(showAction(body, masked)).map(([name, value]) => [name, String(value)]);
  return Object.fromEntries(shown);
}

export function requested(body: ActionBody): OperatorRequest {
  switch (body.type) {
    case "mute":
    case "unmute":
    case "expel":
      return { type: body.type, call: body.call as CallId };
    case "move":
      return { type: body.type, call: body.call as CallId, room: body.room as RoomId };
    case "call-out": {
      const { type, number, attendeeId, muted } = body;
      return {
        ...{ type, number: phoneNumberOf(number) },
        ...(attendeeId !== undefined && { attendeeId }),
        ...(muted !== undefined && { muted }),
      };
    }
    default:
      return { type: body.type };
  }
}
