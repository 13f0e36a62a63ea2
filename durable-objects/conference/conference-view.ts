import { type Head, isOngoing } from "../../src/conference/head.ts";
import { meantByAll } from "../../src/conference/requests.ts";
import { withJitter } from "../../src/conference/server/debts.ts";
import type { Rows } from "../../src/conference/server/queue.ts";
import { owedIn } from "../../src/conference/server/resync.ts";
import type { PendingCommand } from "../../src/conference/state.ts";
import { dialledDigits } from "../../src/foundation/dial-rules.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";
import { type Person, shown } from "../../src/foundation/shown.ts";
import type { CommandView, ConferenceView } from "../../src/rpc/conference-view.ts";
import type { Domain } from "../../src/settings/load.ts";
import { nameOf } from "../../src/timeline/timeline.ts";
import type { CommandSchedule } from "./command-sender.ts";
import type { ConferenceStore } from "./conference-store.ts";

/** The name that WebEx gave the meeting, into which people write names; `undefined`: it gave none, or names are not kept. */
export function shownTopic(head: Head, keepsNames: boolean): string | undefined {
  return keepsNames && isOngoing(head) ? head.life.topic || undefined : undefined;
}

/** A conference as operators see it. `person`: how a number or code of a person is shown; `settings`: absent where they no longer have the domain. */
export function conferenceViewOf(
  key: ConfKey,
  settings: Domain["settings"] | undefined,
  { state, journal, progress }: ConferenceStore,
  outbox: Rows,
  schedule: Pick<CommandSchedule, "stateOf" | "failsAt">,
  person: Person,
): ConferenceView {
  const { head } = state;
  const ongoing = isOngoing(head) ? head : null;
  const running = head.phase === "running" ? head : null;
  const { foundAt, endAt = null } = running?.orphan ?? {};
  const keepsNames = settings?.recordsPersonal === "full";
  const topic = shownTopic(head, keepsNames);
  const meant = (muted: boolean) =>
    meantByAll(state, settings?.protocol ?? {}, muted).filter((caller) => caller.muted !== muted).length;
  const view: ConferenceView = {
    key,
    ...(topic !== undefined && { topic }),
    phase: phaseOf(head),
    lastAt: journal.lastAt,
    bridge: progress.bridge,
    ...{ extConfId: ongoing?.extConfId ?? "", host: ongoing?.host ?? "" },
    ...{ attached: running?.attached ?? ongoing !== null, locked: running?.locked ?? false },
    ...(foundAt !== undefined && { orphan: { foundAt, endAt } }),
    callers: [...state.callers.values()]
      .filter(({ left }) => !left)
      .map(({ call, extCallId, number, attendeeId, room, muted }) => ({
        ...{ call, extCallId: extCallId ?? "", number, attendeeId: attendeeId ?? "" },
        ...{ room, muted, speaks: running?.speech?.speaking.includes(call) ?? null },
      })),
    ...{ muteAll: meant(true), unmuteAll: meant(false) },
    callOuts: [...state.callOuts.values()].map((callOut) => ({
      ...{
        call: callOut.call,
        number: dialledDigits(callOut.number),
        stage: callOut.stage,
        extCallId: callOut.extCallId ?? "",
      },
    })),
    rooms: [...state.rooms.values()].map(({ room, subConfId, name, stage }) => ({
      ...{ room, subConfId, ...(name !== undefined && keepsNames && { name }), stage },
    })),
    commands: [...state.commands.values()].map((pending) => ({
      ...{ id: pending.id, type: pending.command.type, answerBy: schedule.failsAt(state, pending) },
      ...("call" in pending.command && { call: pending.command.call }),
      ...{ askers: askersOf(pending), ...schedule.stateOf(pending.id) },
    })),
    documents: outbox.map(({ transId, host, messages, queuedAt, attempts, dueAt, failure }) => ({
      ...{ transId, host, messages: messages.map(nameOf), queuedAt, attempts, dueAt },
      ...(failure !== undefined && { failure }),
    })),
    outages: [...state.outages.values()].map((outage) => ({
      ...{ host: outage.host, since: outage.since, why: outage.why, messages: owedIn(state).length },
      probeAt: outage.probe ? null : withJitter(outage, key),
    })),
  };
  return shown(view, person);
}

/** One that is closed before the bridge has created it is none that runs. */
function phaseOf(head: Head): ConferenceView["phase"] {
  if (head.phase === "absent") return "not-created";
  return head.phase === "running" && head.life.runningAt === null ? "creating" : head.phase;
}

/** Who asked for this command, of those who have an answer. */
function askersOf({ by }: PendingCommand): CommandView["askers"] {
  const asks = (type: "request" | "action") => by.some((cause) => cause.type === type);
  return [...(asks("request") ? (["webex"] as const) : []), ...(asks("action") ? (["operator"] as const) : [])];
}
