import * as v from "valibot";
import { column, count, flag, fromBridge, host, person, reference, time, timeOrNull, word, words } from "./columns.ts";

/** As Twilio's `CallStatus` has it. `completed`: it was answered, and is over. */
export const callStatuses = ["completed", "busy", "no-answer", "failed", "canceled"] as const;

/**
 * Who ended a call or a conference. `caller`: the person on the telephone. `telephone`: the host, by keys. `policy`: a rule of the domain.
 * `bridge`: nobody asked for it. `nobody`: nobody answered, or everybody had left.
 */
export const enders = ["caller", "webex", "operator", "telephone", "policy", "bridge", "nobody"] as const;
export type Ender = (typeof enders)[number];

/** The columns of an ended call, in the order of an export. */
export const callColumns = {
  conference: column(word, "the conference's key"),
  life: column(count, "which conference of this key: the row of its journal in which it began"),
  began: column(count, "the row of that journal in which the call began"),
  call: column(word, "the call's id at the bridge"),
  extCallId: column(word, "the call's id at WebEx; empty where WebEx never named it"),
  direction: column(v.picklist(["in", "out"]), "`in`: the caller dialled; `out`: WebEx had it dialled"),
  number: column(
    person,
    "the other end's telephone number, digits; of one that nobody can dial, as WebEx gave it; empty where it was withheld",
  ),
  attendeeId: column(person, "as the caller keyed it, or as WebEx gave it; may be empty"),
  participantType: column(word, "`participant`, `silent-monitor` … or WebEx's code"),
  host: column(flag, "whether it is known to be the host's"),
  bridge: column(word, "the bridge's name"),
  webexHost: column(host, "the TSP server that the conference had when the call ended"),
  dialledAt: column(timeOrNull, "when the bridge was told to dial; none for `in`"),
  answeredAt: column(timeOrNull, "when it was picked up; for `in`, when it entered"),
  enteredAt: column(timeOrNull, "when it entered the conference; none if it never did"),
  endedAt: column(time, "when the adapter heard that it was over"),
  seconds: column(count, "from `answeredAt` to `endedAt`, rounded"),
  minutes: column(count, "the same in started minutes, for billing"),
  endedBy: column(v.picklist(enders), "who ended it"),
  status: column(v.picklist(callStatuses), "what became of it"),
  reason: column(word, "why, in one word"),
  mutes: column(count, "how often it was muted"),
  mutedSeconds: column(count, "for how long altogether, rounded"),
  rooms: column(words, "where it was, in order: `main`, IDs of sub-conferences, `private`"),
  failovers: column(count, "how often another TSP server took over meanwhile"),
  repairs: column(count, "how often the bridge was found to hold it otherwise than reported"),
  dialled: column(
    person,
    "for `in`, the number that the caller dialled, digits; empty where the bridge did not say it",
  ),
  customerReference: reference,
  fromBridge,
  topic: column(person, "the meeting's name from WebEx's create; may be empty"),
  clockDiffers: column(
    flag,
    "`true`: between `enteredAt` and `endedAt` the edge's clock counts a minute or more otherwise than passed beside the bridge: it was set, or the edge heard late of the end. `seconds` and `minutes` are those beside the bridge",
  ),
};

export const callRecord = v.object({ kind: v.literal("call"), ...callColumns });

/** One row for each ended call. */
export type CallRecord = Readonly<v.InferOutput<typeof callRecord>>;

/** A call-out that the edge refused: no bridge was asked to dial it. */
export function isNeverDialled({ direction, endedBy, dialledAt, answeredAt }: CallRecord): boolean {
  return direction === "out" && endedBy === "policy" && dialledAt === null && answeredAt === null;
}
