import { BACK_END } from "../../foundation/text/bare-host.ts";
import type { Draft } from "../draft.ts";
import type { Running } from "../head.ts";
import type { ConferenceState } from "../state.ts";
import { debtKey } from "./debts.ts";
import { type Outgoing, type Post, toServers } from "./posts.ts";
import { postAsItWas, probe } from "./resync.ts";

/** A document that was given up, as far as it is still there. */
export interface GivenUpDocument {
  readonly host: Post["host"];
  readonly messages: readonly Outgoing[];
  /** Its server was not told later: it cannot be written, or was for a server that had been replaced. */
  readonly isUnowed?: true;
}

export type SendAgainRefusal =
  /** The conference has ended: WebEx is answered so with its next create (protocol F5). */
  | "conference-over"
  /** The conference has ended, and its server gets what it is owed once it answers a probe. */
  | "owed-after-end"
  /** The conference has another server, which was told all there was to tell (protocol 4.9). */
  | "server-replaced"
  /** WebEx has let it go on alone, and is notified of nothing (protocol 4.8). */
  | "without-webex"
  /** What it says is not so any more. */
  | "outdated"
  /** It is on its way, or went out, by itself, since its server could be reached. */
  | "told-since";

/** Why nothing of this document is sent again; `null`: something of it is. */
export function sendAgainRefusal(state: ConferenceState, document: GivenUpDocument): SendAgainRefusal | null {
  const { head } = state;
  const { host, messages } = document;
  if (head.phase === "ended" && isBehind(state, host)) return "owed-after-end";
  if (head.phase !== "running" || head.closing) return "conference-over";
  if (host !== BACK_END && !head.attached) return "without-webex";
  if (host !== BACK_END && host !== head.host) return "server-replaced";
  if (messages.some((message) => isOfFormerHandle(message, head))) return "server-replaced";
  const soStill = messages.filter((message) => isStillSo(state, head, message));
  if (soStill.length === 0) return "outdated";
  return soStill.some((message) => isUntold(state, document, message)) ? null : "told-since";
}

/**
 * Queues what is still so of the document once more, as it was, behind all that waits. A server that is behind is probed at once
 * instead: that somebody asks is no sign of life, and once it answers it gets all that it is owed, in order, and this with it.
 */
export function sendAgain(draft: Draft, document: GivenUpDocument): void {
  const { state, head } = draft;
  if (head.phase !== "running") return;
  const { host, messages } = document;
  const due = messages.filter((message) => isUntold(state, document, message) && isStillSo(state, head, message));
  if (isBehind(state, host)) {
    for (const message of toServers(due)) draft.owe(draft.debts.get(debtKey(message)) ?? message);
    return probe(draft, "asked");
  }
  const waiting = draft.unconfirmed().flatMap((post) => (post.host === host ? [post.message.msgId] : []));
  for (const message of due) {
    if (!waiting.includes(message.msgId)) postAsItWas(draft, host, message);
  }
}

/** Whether this server could not be reached, and is owed what it has missed. */
export function isBehind({ outages }: ConferenceState, host: Post["host"]): boolean {
  return [...outages.keys()].some((behind) => behind === host);
}

/** What was given up is owed until its server can be reached, but for data, which is no state. */
function isUntold(state: ConferenceState, { isUnowed }: GivenUpDocument, message: Outgoing): boolean {
  if (isUnowed || message.type === "client-data" || message.type === "client-passthrough") return true;
  return state.debts.has(debtKey(message));
}

function isOfFormerHandle(
  { extConfId }: Pick<Outgoing, "type"> & Partial<Pick<Running, "extConfId">>,
  head: Running,
): boolean {
  return extConfId !== undefined && extConfId !== head.extConfId;
}

/** Whether the notification is still true. A late one must not undo one that came after it. */
function isStillSo({ callers, rooms }: ConferenceState, head: Running, message: Outgoing): boolean {
  const callerOf = (extCallId: string) =>
    [...callers.values()].find((caller) => caller.extCallId === extCallId && !caller.left);
  const roomOf = (subConfId: string) => [...rooms.values()].find((room) => room.subConfId === subConfId);
  const isIn = (extCallId: string, subConfId: string) => {
    const room = roomOf(subConfId);
    return room !== undefined && callerOf(extCallId)?.room === room.room;
  };
  switch (message.type) {
    case "caller-entered":
      return [...callers.values()].some(({ enterMsgId, left }) => enterMsgId === message.msgId && !left);
    case "caller-changed": {
      const caller = callerOf(message.extCallId);
      if (message.status === "left") return caller === undefined;
      return caller?.muted === (message.status === "muted");
    }
    case "conference-changed":
      if (message.status === "locked") return head.locked;
      if (message.status === "running") return !head.locked;
      return message.status !== "creating" && message.status !== "ended";
    case "sub-conference-changed":
      return roomOf(message.subConfId) !== undefined;
    case "sub-conference-call-changed":
      return message.action === "added"
        ? isIn(message.extCallId, message.subConfId)
        : callerOf(message.extCallId) !== undefined && !isIn(message.extCallId, message.subConfId);
    case "joined-sub-conference":
      return isIn(message.extCallId, message.subConfId);
    case "client-passthrough":
      return callerOf(message.extCallId) !== undefined;
    case "speaking-changed": // Who speaks changes from one moment to the next.
      return false;
    default: // An answer, or data for the partner's back end: it stays what it was.
      return true;
  }
}
