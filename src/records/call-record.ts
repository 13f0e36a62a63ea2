import * as v from "valibot";
import { described } from "../foundation/schemas.ts";
import { count, flag, fromBridge, reference, time, timeOrNull, word, words } from "./columns.ts";

/** Twilio's `CallStatus`. `completed`: it was answered, and has ended. */
export const callStatuses = ["completed", "busy", "no-answer", "failed", "canceled"] as const;

/**
 * Who ended a call or a conference. `caller`: the caller. `telephone`: the host, by DTMF digits. `policy`: a rule of the domain.
 * `bridge`: nobody asked for it. `nobody`: nobody answered, or everybody had left.
 */
export const enders = ["caller", "webex", "operator", "telephone", "policy", "bridge", "nobody"] as const;
export type Ender = (typeof enders)[number];

/** The columns of an ended call, in the order of an export. */
export const callColumns = {
  conference: described(word, "the conference's key"),
  life: described(count, "which conference of this key: the row of its journal in which it began"),
  began: described(count, "the row of that journal in which the call began"),
  call: described(word, "the call's id at the bridge"),
  extCallId: described(word, "the call's id at WebEx; empty if WebEx never named it"),
  direction: described(v.picklist(["in", "out"]), "`in`: dialed in; `out`: called out for WebEx"),
  number: described(
    word,
    "the other end's telephone number in digits, or as WebEx gave it if it cannot be dialed; empty if withheld",
  ),
  attendeeId: described(word, "as the caller entered it or WebEx gave it; may be empty"),
  participantType: described(word, "`participant`, `silent-monitor` … or WebEx's code"),
  host: described(flag, "true if it is known to be the host's"),
  bridge: described(word, "the bridge's name"),
  webexHost: described(word, "the TSP server that the conference had when the call ended"),
  dialledAt: described(timeOrNull, "when the bridge was asked to dial; none for `in`"),
  answeredAt: described(timeOrNull, "when it was picked up; for `in`, when it entered"),
  enteredAt: described(timeOrNull, "when it entered the conference; none if it never did"),
  endedAt: described(time, "when the edge learned of the end"),
  seconds: described(count, "from `answeredAt` to `endedAt`, rounded"),
  minutes: described(count, "the same in started minutes, for billing"),
  endedBy: described(v.picklist(enders), "who ended it"),
  status: described(v.picklist(callStatuses), "what became of it"),
  reason: described(word, "why, in one word"),
  mutes: described(count, "how often it was muted"),
  mutedSeconds: described(count, "for how long altogether, rounded"),
  rooms: described(words, "where it was, in order: `main`, IDs of sub-conferences, `private`"),
  failovers: described(count, "how often another TSP server took over meanwhile"),
  repairs: described(count, "how often a comparison with the bridge corrected it"),
  dialled: described(word, "for `in`, the dialed number in digits; empty if the bridge did not report it"),
  customerReference: reference,
  fromBridge,
  topic: described(word, "the meeting's name from WebEx's create; may be empty"),
  clockDiffers: described(
    flag,
    "`true`: between `enteredAt` and `endedAt`, the clocks of edge and agent differ by a minute or more. `seconds` and `minutes` are by the agent's clock",
  ),
};

export const callRecord = v.object({ kind: v.literal("call"), ...callColumns });

/** One row for each ended call. */
export type CallRecord = Readonly<v.InferOutput<typeof callRecord>>;

/** True for a call-out that the edge refused without asking the bridge. */
export function isNeverDialled({ direction, endedBy, dialledAt, answeredAt }: CallRecord): boolean {
  return direction === "out" && endedBy === "policy" && dialledAt === null && answeredAt === null;
}
