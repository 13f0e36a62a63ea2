import type { BridgeCaller, ConferenceEvent, ConferenceSnapshot } from "../../bridge/events.ts";
import { type BridgeName, type EpochMs, type ExtConfId, MAIN_ROOM, type WebexHost } from "../../foundation/ids.ts";
import type { Draft } from "../draft.ts";
import { type Head, isOngoing, type Life, secretsOf } from "../head.ts";
import { endByTelephone } from "../lifecycle.ts";
import { callOver, newLife, repaired, reportedEnd } from "../records.ts";
import type { Caller } from "../state.ts";
import { applyEntered, callerOf, noteEntry } from "./callers.ts";

/** Late commands of a conference that is over have had their effect by then: what a bridge holds under its key since is another one. */
const ANOTHER_AFTER_MS = 600_000;

/** Time for which a found empty conference waits for its first caller. */
const KEPT_EMPTY_MS = 600_000;

/** How far the clocks of edge and agent may differ. */
const CLOCKS_MS = 300_000;

type EventOf<Type extends ConferenceEvent["type"]> = Extract<ConferenceEvent, { readonly type: Type }>;

/** Whether the edge knows nothing of what the bridge holds under this key: it has lost it, or only knows one before. `since`: as the agent has it. */
export function isUnknown({ head, commands }: Draft, since: EpochMs = 0): boolean {
  if (commands.find(({ bridge }) => bridge === undefined)) return false;
  switch (head.phase) {
    // Another one may have been created and more since the backup.
    case "absent":
      return head.restored === true || head.notCreated !== true;
    case "ended":
      return head.restored === true || since > head.at + ANOTHER_AFTER_MS;
    default:
      return false;
  }
}

/** Whether the edge, since this began, has lost what it knew: else it never knew it, and another edge may. Unknown times count as a loss. */
function mayBeLost({ context: { knownSince } }: Draft, since: EpochMs = 0): boolean {
  return knownSince === undefined || since < knownSince + CLOCKS_MS;
}

/** Whether another bridge holds what the edge may have lost before WebEx created it on this one. */
export function isLostOn(
  draft: Draft,
  bridge: BridgeName,
  found: Pick<ConferenceSnapshot, "since" | "callers">,
): boolean {
  const { head, ongoing, running, context } = draft;
  if (context.knownSince === undefined || running?.closing) return false;
  // What is to end there is over.
  if (draft.commands.find((command) => command.bridge === bridge)) return false;
  if (head.phase === "ended") return isUnknown(draft, found.since);
  if (ongoing && found.callers.length === 0) return false;
  return mayBeLost(draft, found.since ?? ongoing?.life.createdAt);
}

/** It is on this other bridge from now on. On its own, where nobody is in it, it ends, and WebEx hears nothing of that. */
export function moveTo(draft: Draft, bridge: BridgeName): void {
  const { bridge: before } = draft.context;
  if (before === null) return;
  repaired(draft, "bridge");
  draft.note(`bridge ${bridge} holds it: it is there from now on, and not on ${before}`);
  draft.moveTo(bridge);
  if (draft.ongoing) return draft.issue({ type: "end-conference" }, null, { bridge: before });
  for (const command of draft.commands.values()) draft.commands.set(command.id, { bridge: before, ...command });
  if (draft.head.phase !== "absent") return;
  const { notCreated: _, ...head } = draft.head;
  draft.head = head;
}

/** Of one that was found on another bridge before. */
export function lockAgain(draft: Draft, { locked }: Pick<ConferenceSnapshot, "locked">): void {
  const { orphan } = draft.running ?? {};
  if (!orphan || orphan.leftAlone || locked) return;
  draft.update({ orphan: { ...orphan, locks: true } });
  draft.issue({ type: "lock" });
}

/** It runs without WebEx from now on. Nobody new is let in where the bridge can lock it, unless it is left alone. */
export function findOrphan(draft: Draft, found: Pick<ConferenceSnapshot, "since" | "locked" | "callers">): void {
  const { at, context } = draft;
  const { locked, callers } = found;
  const { orphanConferenceMinutes: minutes } = context.settings;
  const createdAt = Math.min(found.since ?? at, at);
  const life = { ...unfoundLife(draft), createdAt, runningAt: createdAt };
  const leftAlone = minutes === "leave-alone" || !mayBeLost(draft, found.since);
  const locks = !locked && !leftAlone && !context.cannot.includes("lock");
  const formerSecrets = secretsOf(draft.head);
  draft.life = life;
  draft.head = {
    ...{ phase: "running", attached: false, locked, life, formerHandles: [], groups: [], hybridEnabled: false },
    ...{ extConfId: "" as ExtConfId, host: "" as WebexHost, maxCallers: null, anonymousId: null },
    ...(formerSecrets.length > 0 && { formerSecrets: [...formerSecrets] }),
    orphan: {
      foundAt: at,
      ...(leftAlone && { leftAlone }),
      ...(!leftAlone && typeof minutes === "number" && { endAt: at + minutes * 60_000 }),
      ...(locks && { locks: true as const }),
    },
    ...(!leftAlone && { keptUntil: at + KEPT_EMPTY_MS }),
  };
  const alone = leftAlone && { leftAlone };
  draft.fact({ kind: "conference-found", life: life.row, createdAt, locked, ...alone, bridge: context.bridge });
  for (const arrival of callers) {
    const caller = foundCaller(draft, arrival);
    draft.callers.set(caller.call, caller);
    applyEntered(draft, caller);
  }
  if (locks) draft.issue({ type: "lock" });
}

/** A call that the edge never heard of has left: it has its record all the same. One that it has heard of comes without `was`. */
export function recordLeft(draft: Draft, { call, reason, was }: EventOf<"caller-left">): void {
  const { ongoing, head } = draft;
  if (!was || (!ongoing && !isUnknown(draft, was.enteredAt))) return;
  // Several agents may tell of it in one batch.
  if (draft.hasSaid((fact) => fact.kind === "call-left" && fact.call === call)) return;
  const { leftAt, ...entry } = was;
  if (!ongoing) draft.life = unfoundLife(draft);
  const caller = foundCaller(draft, {
    ...{ call, attendeeId: null, muted: false, silent: false, room: MAIN_ROOM },
    ...entry,
  });
  noteEntry(draft, caller);
  const { enteredAt = 0 } = caller.history;
  callOver(draft, caller, reportedEnd(draft, caller, reason), Math.max(enteredAt, Math.min(leftAt, draft.at)));
  if (isOngoing(head)) return;
  // All of its calls have one life, which is of no other conference.
  draft.head = { ...head, unfound: draft.life ?? unfoundLife(draft) };
  draft.life = null;
}

function unfoundLife(draft: Draft): Life {
  const { unfound }: Pick<Head, "phase"> & { readonly unfound?: Life | undefined } = draft.head;
  return unfound ?? { ...newLife(draft), fromBridge: true };
}

/** The same of a conference, with all who were in it until its end. */
export function recordEnded(draft: Draft, { was }: EventOf<"conference-ended">): void {
  if (!was || !isUnknown(draft, was.since)) return;
  // Nobody can enter it any more.
  findOrphan(draft, { ...was, locked: true });
  // Its agent's clock may have been set since they came in.
  const entered = was.callers.map(({ enteredAt = draft.at }) => enteredAt);
  endByTelephone(draft, Math.min(Math.max(was.endedAt, was.since ?? 0, ...entered), draft.at));
}

function foundCaller(draft: Draft, arrival: BridgeCaller): Caller {
  const { at } = draft;
  const caller = callerOf(draft, arrival, Math.min(arrival.enteredAt ?? at, at));
  // Only the meeting's AnonymousID lets somebody in silently: it names nobody.
  return arrival.silent ? { ...caller, keyedSecret: true } : caller;
}
