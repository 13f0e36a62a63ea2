import { pauseAfter } from "../../delivery/backoff.ts";
import { spread } from "../../foundation/hash.ts";
import type { ConfKey, EpochMs } from "../../foundation/ids.ts";
import { assertNever } from "../../foundation/result.ts";
import type { ToWebex } from "../../tsp/messages.ts";
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

/** Whether this message reports the conference's end. */
export function isEnd(message: Outgoing): boolean {
  return message.type === "conference-changed" && message.status === "ended";
}

/** Whether this message answers a create with code 11: the conference is over. */
export function isClosedAnswer(message: Outgoing): boolean {
  return message.type === "conference-created" && message.result === "conference-closed";
}

/** What of this kind is owed for one thing: a later message with the same key says what the earlier one said. */
export function debtKey(message: ToWebex): string {
  return `${debtKindOf(message)} ${subjectOf(message)}`;
}

export function debtKindOf(message: ToWebex): DebtKind {
  if (isAnswer(message)) return "answer";
  switch (message.type) {
    case "conference-changed":
      return "status";
    case "caller-entered":
      return "entry";
    case "caller-changed":
      if (message.status === "left") return "left";
      if (message.action) return "joined";
      return message.attendeeId === undefined ? "muted" : "merged";
    case "sub-conference-changed":
      return "room";
    case "sub-conference-call-changed":
    case "joined-sub-conference":
      return "place";
    case "client-passthrough":
      return "data";
    case "speaking-changed":
      return "speech";
    default:
      return assertNever(message);
  }
}

function subjectOf(message: ToWebex): string {
  if (isAnswer(message)) return `${message.type} ${message.msgId}`;
  switch (message.type) {
    case "conference-changed":
      return String(message.status);
    case "caller-changed":
      return message.extCallId;
    case "sub-conference-changed":
      return message.subConfId;
    case "sub-conference-call-changed":
    case "joined-sub-conference":
      return `${message.extCallId} ${message.subConfId}`;
    case "speaking-changed":
      return "";
    case "caller-entered":
    case "client-passthrough":
      return message.msgId;
    default:
      return assertNever(message);
  }
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
