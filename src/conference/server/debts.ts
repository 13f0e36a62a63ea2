import { pauseAfter } from "../../delivery/backoff.ts";
import { spread } from "../../foundation/hash.ts";
import type { ConfKey, EpochMs } from "../../foundation/ids.ts";
import type { AnswerType, ToWebex, ToWebexMessages } from "../../tsp/messages.ts";
import type { Outage } from "../state.ts";
import { isAnswer, type Outgoing } from "./posts.ts";

/** Pauses before each probe (protocol 4.9); the last one repeats. */
const probeBackoff = [5_000, 15_000, 60_000, 300_000] as const;
const LONGEST_PAUSE_MS = probeBackoff[3];
/** By which part a pause may be longer, so that conferences that lost their server together do not probe it together. */
const JITTER = 0.1;

/** The kinds of what is owed, in the order in which they are said: answers, then the state as at a takeover (protocol 4.9, 4.15). */
export const debtKinds = [
  "answer",
  "status",
  "entry",
  "joined",
  "merged",
  "muted",
  "room",
  "place",
  "left",
  "speech",
  "data",
] as const;
type DebtKind = (typeof debtKinds)[number];
export type NotificationType = Exclude<keyof ToWebexMessages, AnswerType>;

/** Whether this message reports the conference's end. */
export function isEnd(message: Outgoing): boolean {
  return message.type === "conference-changed" && message.status === "ended";
}

/** Whether this message reports a call as left. */
export function isLeft(message: Outgoing): message is ToWebexMessages["caller-changed"] {
  return message.type === "caller-changed" && message.status === "left";
}

/** Whether this message answers a create with code 11: the conference is over. */
export function isClosedAnswer(message: Outgoing): boolean {
  return message.type === "conference-created" && message.result === "conference-closed";
}

type Debt = readonly [kind: DebtKind, subject: string];

const debts: { readonly [Type in NotificationType]: (message: ToWebexMessages[Type]) => Debt } = {
  "conference-changed": ({ status }) => ["status", String(status)],
  "caller-entered": ({ msgId }) => ["entry", msgId],
  "caller-changed": (message) => [kindOfChange(message), message.extCallId],
  "sub-conference-changed": ({ subConfId }) => ["room", subConfId],
  "sub-conference-call-changed": ({ extCallId, subConfId }) => ["place", `${extCallId} ${subConfId}`],
  "joined-sub-conference": ({ extCallId, subConfId }) => ["place", `${extCallId} ${subConfId}`],
  "client-passthrough": ({ msgId }) => ["data", msgId],
  "speaking-changed": () => ["speech", ""],
};

function debtOf(message: ToWebex): Debt {
  if (isAnswer(message)) return ["answer", `${message.type} ${message.msgId}`];
  return (debts[message.type] as (message: ToWebex) => Debt)(message);
}

/** What of this kind is owed for one thing: a later message with the same key says what the earlier one said. */
export function debtKey(message: ToWebex): string {
  return debtOf(message).join(" ");
}

export function debtKindOf(message: ToWebex): DebtKind {
  return debtOf(message)[0];
}

function kindOfChange({ status, action, attendeeId }: ToWebexMessages["caller-changed"]): DebtKind {
  if (status === "left") return "left";
  if (action) return "joined";
  return attendeeId === undefined ? "muted" : "merged";
}

/** When the next probe is due: something new makes a pause a tenth as long. */
export function probeDueAt({ failedAt, probes, hasNew, probe }: Outage): EpochMs {
  if (probe) return probe.at + LONGEST_PAUSE_MS;
  const pauseMs = pauseAfter(probes + 1, probeBackoff);
  return failedAt + (hasNew ? pauseMs / 10 : pauseMs);
}

/** When a probe that is due is posted: somewhat later, for each conference by another time. */
export function withJitter(outage: Outage, confKey: ConfKey): EpochMs {
  const dueAt = probeDueAt(outage);
  const pauseMs = dueAt - (outage.probe?.at ?? outage.failedAt);
  return dueAt + Math.round(JITTER * pauseMs * spread(`${confKey} ${outage.failedAt}`));
}
