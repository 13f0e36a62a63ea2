import { withJitter } from "../../src/conference/server/debts.ts";
import type { Rows } from "../../src/conference/server/queue.ts";
import { owedIn } from "../../src/conference/server/resync.ts";
import { isOngoing, type PendingCommand } from "../../src/conference/state.ts";
import { nameOf } from "../../src/explain/timeline.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";
import { type Person, showFields } from "../../src/foundation/shown.ts";
import type { CommandView, ConferenceView } from "../../src/rpc/conference-view.ts";
import type { CommandSchedule } from "./command-sender.ts";
import type { ConferenceStore } from "./conference-store.ts";

type Part<List extends "callers" | "callOuts" | "rooms" | "documents" | "outages"> = ConferenceView[List][number];

const showView = showFields<ConferenceView>({
  ...{ key: "open", phase: "open", lastAt: "open", bridge: "open", extConfId: "open", host: "address" },
  ...{ attached: "open", locked: "open" },
  callers: showFields<Part<"callers">>({
    ...{ call: "open", extCallId: "open", number: "personal", attendeeId: "personal", room: "open", muted: "open" },
    speaks: "open",
  }),
  callOuts: showFields<Part<"callOuts">>({ call: "open", stage: "open", extCallId: "open" }),
  rooms: showFields<Part<"rooms">>({ room: "open", subConfId: "open", stage: "open" }),
  commands: showFields<CommandView>({
    ...{ id: "open", type: "open", sent: "open", taken: "open", answerBy: "open", askers: "open" },
  }),
  documents: showFields<Part<"documents">>({
    ...{ transId: "open", host: "address", messages: "open", queuedAt: "open", attempts: "open", dueAt: "open" },
    failure: "open",
  }),
  outages: showFields<Part<"outages">>({
    host: "address",
    since: "open",
    why: "open",
    messages: "open",
    probeAt: "open",
  }),
});

/** A conference as operators see it. `person`: how a number or code of a person is shown. */
export function viewOf(
  key: ConfKey,
  { state, lastAt, progress }: Pick<ConferenceStore, "state" | "lastAt" | "progress">,
  outbox: Rows,
  schedule: Pick<CommandSchedule, "stateOf" | "failsAt">,
  person: Person,
): ConferenceView {
  const { head } = state;
  const ongoing = isOngoing(head) ? head : null;
  const running = head.phase === "running" ? head : null;
  const view: ConferenceView = {
    ...{ key, phase: head.phase === "absent" ? "not-created" : head.phase, lastAt, bridge: progress.bridge },
    ...{ extConfId: ongoing?.extConfId ?? "", host: ongoing?.host ?? "" },
    ...{ attached: running?.attached ?? ongoing !== null, locked: running?.locked ?? false },
    callers: [...state.callers.values()]
      .filter(({ left }) => !left)
      .map(({ call, extCallId, number, attendeeId, room, muted }) => ({
        ...{ call, extCallId: extCallId ?? "", number, attendeeId: attendeeId ?? "" },
        ...{ room, muted, speaks: running?.speech?.speaking.includes(call) ?? false },
      })),
    callOuts: [...state.callOuts.values()].map(({ call, stage, extCallId }) => ({
      ...{ call, stage, extCallId: extCallId ?? "" },
    })),
    rooms: [...state.rooms.values()].map(({ room, subConfId, stage }) => ({ room, subConfId, stage })),
    commands: [...state.commands.values()].map((pending) => ({
      ...{ id: pending.id, type: pending.command.type, answerBy: schedule.failsAt(state, pending) },
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
  return showView(view, person);
}

/** Who asked for this command, of those who have an answer. */
function askersOf({ by = [] }: PendingCommand): CommandView["askers"] {
  const asks = (type: "request" | "action") => by.some((cause) => cause.type === type);
  return [...(asks("request") ? (["webex"] as const) : []), ...(asks("action") ? (["operator"] as const) : [])];
}
