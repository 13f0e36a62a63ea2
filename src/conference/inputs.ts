import * as v from "valibot";
import { type NumberedReport, numberedReport } from "../bridge/events.ts";
import type { BridgeName } from "../foundation/ids.ts";
import { showOf } from "../foundation/shown.ts";
import type { FromWebex } from "../tsp/messages.ts";
import type { FactRow } from "./facts.ts";
import { action, command, fields, list, maybe, plain, server, shown, time, transId, word, yes } from "./marked.ts";
import { type OperatorRequest, showRequest } from "./operator-actions.ts";
import { type Outgoing, showOutgoing, undeliveredDocument } from "./server/posts.ts";

const at = time;
const commands = maybe(list(command));

/** Everything that can happen to a conference. Repeats were removed before. */
export const conferenceInput = v.variant("type", [
  /** The messages of one document that concern this conference, in the document's order. */
  fields({ type: v.literal("webex"), at, transId, messages: list(shown<FromWebex>(showOutgoing)) }),
  fields({
    type: v.literal("bridge"),
    at,
    /** The reporting bridge, if it is not the conference's. */
    elsewhere: maybe(plain<BridgeName>()),
    /** Since when the edge has lost nothing of what it knew of the bridge, where that may matter. */
    knownSince: maybe(time),
    reports: shown<readonly NumberedReport[]>(showOf(v.array(numberedReport))),
  }),
  /** These messages were given up, most often after the last attempt to post their document. */
  fields({
    type: v.literal("undelivered"),
    at,
    messages: list(shown<Outgoing>(showOutgoing)),
    /** The document of these messages. */
    of: undeliveredDocument,
  }),
  fields({ type: v.literal("reached"), at, host: server }),
  /** An operator wants this server, which is behind, to be probed now. */
  fields({ type: v.literal("probe"), at, id: action, person: word, host: server }),
  /** The state was put back from a backup: nobody knows how the conference went on. */
  fields({ type: v.literal("restored"), at }),
  /** What an operator asks, unless that is refused at once; `person`: the operator's name. */
  fields({
    type: v.literal("operator"),
    at,
    id: action,
    person: word,
    request: shown<OperatorRequest>(showRequest),
    /** It is to end, and the settings do not have its bridge any more. */
    withoutBridge: maybe(yes),
  }),
  /** The time of `nextDeadline` has come, or the bridge has been at work on these commands for too long (see `overdueAt`). */
  fields({
    type: v.literal("time"),
    at,
    overdue: commands,
    /** Commands whose time is up, and which no agent has acknowledged: for people, who ask why. */
    unacknowledged: commands,
  }),
]);
export type ConferenceInput = v.InferOutput<typeof conferenceInput>;
export const showInput = showOf(conferenceInput);

export interface InputRow extends FactRow {
  /** `null`: what happened follows from no input, such as an attempt that failed. */
  readonly input: ConferenceInput | null;
}
