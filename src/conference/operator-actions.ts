import * as v from "valibot";
import { isPossible } from "../bridge/command-rules.ts";
import { LATEST_MS } from "../bridge/commands.ts";
import { mayDial } from "../foundation/dial-rules.ts";
import {
  type ActionId,
  type CallId,
  type ExtCallId,
  MAIN_ROOM,
  type PhoneNumber,
  type RoomId,
} from "../foundation/ids.ts";
import { counted } from "../foundation/text/counted.ts";
import { sentence } from "../foundation/text/sentence.ts";
import {
  type Action,
  type ActionOffer,
  type ActionQuestion,
  type ActionTable,
  type AskedOf,
  action,
  call,
  name,
  number,
  type OperatorRefusal,
  type RefusalContext,
  type RunningState,
  withPlus,
  xmlText,
} from "./action-row.ts";
import type { Draft } from "./draft.ts";
import type { Running } from "./head.ts";
import { endByOperator } from "./lifecycle.ts";
import { dial, drop } from "./parts/call-outs.ts";
import { sendBack } from "./parts/rooms.ts";
import { isOnTheLine, muteAll } from "./requests.ts";
import { notifyStatus } from "./server/conference-status.ts";
import type { CallEnd, ConferenceState } from "./state.ts";

const ofCaller = ["444", "c17 --domain acme"];
/** What is asked back before an action touches a whole conference: each says how many callers it touches. */
export const actionQuestions = {
  lock: {
    says: ({ confKey, callers }) => `Lock conference ${confKey}? New callers are refused. ${whoStays(callers)}`,
    confirm: "Lock it",
  },
  unlock: {
    says: ({ confKey, callers }) => `Unlock conference ${confKey}? New callers are admitted. ${whoStays(callers)}`,
    confirm: "Unlock it",
  },
  "mute-all": {
    says: ({ muteAll }) =>
      muteAll === 0
        ? "Mute all? There is no caller to mute."
        : `Mute ${counted(muteAll, "caller")}? Hosts are not muted.`,
    confirm: "Mute all",
  },
  "unmute-all": {
    says: ({ unmuteAll }) =>
      unmuteAll === 0
        ? "Unmute all? There is no caller to unmute."
        : `Unmute ${counted(unmuteAll, "caller")}? Everybody then hears them.`,
    confirm: "Unmute all",
  },
  end: {
    says: ({ confKey, callers }) => `End conference ${confKey}? ${callsThatEnd(callers)} It cannot be undone.`,
    confirm: "End it for everybody",
    isFinal: true,
  },
} satisfies Readonly<Record<string, ActionQuestion>>;

/** What an operator can ask of a conference. A further action is one more row. */
export const operatorActions = {
  mute: action({
    parameters: { call },
    needs: ["mute"],
    title: ({ call }) => `Mute the call ${call}`,
    asked: {
      ...{ says: "mute a caller", examples: ofCaller },
      button: { title: "Mute", when: ({ muted }) => !muted },
    },
    refuse: unlessHere,
    apply: (draft, { call }) => mute(draft, call, true),
  }),
  unmute: action({
    parameters: { call },
    needs: ["mute"],
    title: ({ call }) => `Unmute the call ${call}`,
    asked: {
      ...{ says: "unmute a caller", examples: ofCaller },
      button: { title: "Unmute", when: ({ muted }) => muted },
    },
    refuse: unlessHere,
    apply: (draft, { call }) => mute(draft, call, false),
  }),
  move: action({
    parameters: { call, room: name<RoomId>("`main`, or a sub-conference that is open.") },
    needs: ["move"],
    title: ({ call, room }) => `Move the call ${call} to ${room}`,
    asked: {
      says: "move a caller to a sub-conference, or back to `main`",
      examples: ["444 r7", "444 main"],
      button: { title: "Move" },
    },
    refuse(state, { call, room }) {
      const { talk } = state.head;
      const isRoom = room === MAIN_ROOM || state.rooms.get(room)?.stage === "open";
      const isInTalk = talk?.host === call || talk?.invitee === call;
      return unlessHere(state, { call }) ?? (isInTalk ? "in-private-talk" : isRoom ? null : "no-such-room");
    },
    apply: (draft, { call, room }) => move(draft, call, room),
  }),
  expel: action({
    parameters: { call },
    needs: ["expel"],
    title: ({ call }) => `Hang up the call ${call}`,
    asked: {
      ...{ says: "hang up a caller or a ringing call-out", examples: ofCaller },
      button: {
        ...{ title: "Expel", ofCallOut: "Hang up" },
        asks: ({ number, call }) => `Hang up ${number || `the withheld number of ${call}`}? It cannot be undone.`,
      },
    },
    refuse(state, { call }) {
      const callOut = state.callOuts.get(call);
      return callOut && callOut.stage !== "dropping" ? null : unlessHere(state, { call });
    },
    apply: (draft, { call }) => expel(draft, call),
  }),
  lock: action({
    parameters: {},
    needs: ["lock"],
    title: () => "Lock the conference",
    asked: {
      says: "lock a conference: new callers are refused",
      button: {
        title: "Lock",
        when: ({ locked }) => !locked,
        question: actionQuestions.lock,
      },
    },
    apply: (draft, _, head) => lock(draft, head, true),
  }),
  unlock: action({
    parameters: {},
    needs: ["lock"],
    title: () => "Unlock the conference",
    asked: {
      says: "unlock a conference: new callers are admitted",
      button: {
        title: "Unlock",
        when: ({ locked }) => locked,
        question: actionQuestions.unlock,
      },
    },
    apply: (draft, _, head) => lock(draft, head, false),
  }),
  // As WebEx would: not the host, and no private talk (protocol 4.11).
  "mute-all": action({
    parameters: {},
    needs: ["mute"],
    title: () => "Mute all",
    asked: {
      says: "mute all callers except hosts",
      button: { title: "Mute all", question: actionQuestions["mute-all"] },
    },
    apply: (draft, _, head) => muteAll(draft, head, true, null),
  }),
  "unmute-all": action({
    parameters: {},
    needs: ["mute"],
    title: () => "Unmute all",
    asked: {
      says: "unmute all callers",
      button: { title: "Unmute all", question: actionQuestions["unmute-all"] },
    },
    apply: (draft, _, head) => muteAll(draft, head, false, null),
  }),
  end: action({
    parameters: {},
    needs: ["end-conference"],
    title: () => "End the conference",
    asked: {
      says: "end a conference and hang up its calls",
      button: { title: "End", question: actionQuestions.end },
    },
    whileClosing: true,
    apply: (draft, _, head) => endByOperator(draft, head),
  }),
  "call-out": action({
    parameters: {
      number,
      attendeeId: v.pipe(
        v.exactOptional(
          v.pipe(v.string(), v.regex(/^[^\s\p{Cc}]{1,64}$/u, "must be 1 to 64 characters without blanks")),
        ),
        v.description("The attendee ID by which WebEx knows the person."),
      ),
      muted: v.pipe(v.exactOptional(v.boolean()), v.description("Muted from the start.")),
    },
    needs: ["dial"],
    title: () => "Call a number",
    asked: {
      says: "call a number into a conference",
      examples: ["+14085551234", "+14085551234 --muted"],
      withinMs: 120_000, // Somebody must pick up.
      button: {
        title: "Call somebody",
        form: {
          fields: {
            number: { label: "Number", type: "tel", placeholder: "+1 408 555 0101", maxLength: 40, read: withPlus },
            attendeeId: { label: "Attendee ID", placeholder: "none", maxLength: 64 },
            muted: { label: "enters muted" },
          },
          confirm: "Call",
          note: "With the country code. WebEx is notified as for a caller who dials in.",
        },
      },
    },
    refuse: (state, { number, muted }, context) =>
      muted && context.cannot.includes("mute") ? "not-supported" : callOutRefusal(state, number, context),
    apply: callOut,
  }),
  // Data for a caller's client (protocol 2.3.11, 4.22). Only WebEx could pass it on.
  passthrough: action({
    parameters: {
      extCallId: v.pipe(
        xmlText,
        v.regex(/^[^%\s]{1,64}$/, "must be 1 to 64 characters without blanks and %"),
        v.transform((text) => text as ExtCallId),
      ),
      data: xmlText,
    },
    needs: null,
    title: ({ extCallId }) => `Data for the client of WebEx's call ${extCallId}`,
    refuse({ head, callers }, { extCallId }) {
      if (!head.attached) return "no-such-conference";
      const isHere = [...callers.values()].some((caller) => caller.extCallId === extCallId && !caller.left);
      return isHere ? null : "no-such-call";
    },
    apply: (draft, { extCallId, data }) => void draft.notify({ type: "client-passthrough", extCallId, data }),
  }),
  "hybrid-data": action({
    parameters: { connectData: xmlText },
    needs: null,
    title: () => "New connect data for the clients",
    refuse: ({ head }) => (head.attached ? null : "no-such-conference"),
    apply: (draft, { connectData }) => notifyStatus(draft, "hybrid-data", { hybridConnectData: connectData }),
  }),
} satisfies ActionTable;

type ActionRows = typeof operatorActions;
type RequestType = keyof ActionRows;

export type OperatorRequest = {
  [Type in RequestType]: Readonly<{ type: Type } & AskedOf<ActionRows[Type]["parameters"]>>;
}[RequestType];

export interface OperatorAction {
  readonly id: ActionId;
  readonly person: string;
  readonly request: OperatorRequest;
}

/** Those that people ask for by one request of the API, a command and the console. */
export function askedActions(
  actions: ActionTable = operatorActions,
): Readonly<Record<string, Action & { asked: ActionOffer }>> {
  return Object.fromEntries(Object.entries(actions).flatMap(([type, row]) => (hasAsked(row) ? [[type, row]] : [])));
}

function hasAsked(row: Action): row is Action & { asked: ActionOffer } {
  return row.asked !== undefined;
}

/** A request as JSON: `{"type": "mute", "call": "c1"}`. */
export function requestSchema(actions: ActionTable): v.GenericSchema<unknown, OperatorRequest> {
  const options = Object.entries(actions).map(([type, { parameters, asked }]) =>
    v.strictObject({ type: v.pipe(v.literal(type), v.description(sentence(asked?.says ?? type))), ...parameters }),
  );
  return v.variant("type", options as never) as v.GenericSchema as v.GenericSchema<unknown, OperatorRequest>;
}

export function requestTitle(request: OperatorRequest): string {
  return rowOf(request, operatorActions).title(request);
}

/** Why an operator's request is refused; `null`: it is not. */
export function operatorRefusal(
  state: ConferenceState,
  request: OperatorRequest,
  context: RefusalContext,
  actions: ActionTable = operatorActions,
): OperatorRefusal | null {
  const { head } = state;
  const row = rowOf(request, actions);
  if (head.phase !== "running" || (head.closing && !row.whileClosing)) return "no-such-conference";
  if (!isPossible(row.needs ?? [], context.cannot)) return "not-supported";
  return row.refuse?.(state as RunningState, request, context) ?? null;
}

/** Does what an operator asks: WebEx learns of it by its ordinary notifications. Of what WebEx and operators ask, the last wins. */
export function applyAction(
  draft: Draft,
  { request }: Pick<OperatorAction, "request">,
  actions: ActionTable = operatorActions,
): void {
  const { running } = draft;
  if (running && operatorRefusal(draft.state, request, draft.context, actions) === null)
    rowOf(request, actions).apply(draft, request, running);
}

function rowOf({ type }: OperatorRequest, actions: ActionTable): Action {
  return actions[type] as Action;
}

/** WebEx learns of it by a change of the caller (protocol 2.3.4). Legs of a private talk can be muted like all others. */
function mute(draft: Draft, call: CallId, muted: boolean): void {
  draft.issueOnce({ type: muted ? "mute" : "unmute", call }, ["mute", "unmute"]);
}

/** WebEx learns of a lock by Status 2, and of its end by Status 0 (protocol 2.3.2, 4.10). */
function lock(draft: Draft, head: Running, locked: boolean): void {
  if (head.locked === locked && !draft.pending("lock", "unlock")) return;
  draft.issueOnce({ type: locked ? "lock" : "unlock" }, ["lock", "unlock"]);
}

const cancelledByOperator: CallEnd = { endedBy: "operator", status: "canceled", reason: "cancelled" };

/** WebEx learns of it by a change of the caller (protocol 4.12); a private talk ends with its invitee. */
function expel(draft: Draft, call: CallId): void {
  const dialled = draft.callOuts.get(call);
  if (dialled && !isOnTheLine(dialled)) return drop(draft, dialled, "cancelled", cancelledByOperator);
  draft.issueOnce({ type: "expel", call }, ["expel"]);
}

/** WebEx learns of it by a change of the sub-conference's calls (protocol 2.3.7, 4.13). */
function move(draft: Draft, call: CallId, room: RoomId): void {
  const caller = draft.callers.get(call);
  if (!caller || (caller.room === room && !draft.isBusy(call, "move"))) return;
  const command = { type: "move", call, room } as const;
  if (room === MAIN_ROOM && !draft.underWay(command, ["move"]))
    return sendBack(draft, caller, null, { timeoutMs: LATEST_MS });
  draft.issueOnce(command, ["move"]);
}

/** WebEx has not asked for it: to WebEx it is a caller like one who dials in, who enters unnamed (protocol 2.3.3, 4.2). */
function callOut(
  draft: Draft,
  { number, attendeeId, muted = false }: { number: PhoneNumber; attendeeId?: string; muted?: boolean },
): void {
  const wanted = {
    request: null,
    extCallId: null,
    number,
    ...(attendeeId !== undefined && { attendeeId }),
    participantType: "participant" as const,
    muted,
    privately: false,
  };
  dial(draft, wanted, undefined);
}

function unlessHere({ callers }: ConferenceState, { call }: { readonly call: CallId }): OperatorRefusal | null {
  return callers.get(call)?.left === false ? null : "no-such-call";
}

function callOutRefusal(
  { head, callers, callOuts }: RunningState,
  number: PhoneNumber,
  context: RefusalContext,
): OperatorRefusal | null {
  const { policy } = context.settings;
  if (policy && !mayDial(policy, number)) return "denied-by-policy";
  const present = [...callers.values()].filter(({ left }) => !left).length;
  const pending = [...callOuts.values()].filter(({ stage }) => stage !== "dropping").length;
  return head.maxCallers !== null && present + pending >= head.maxCallers ? "conference-full" : null;
}

function whoStays(callers: number): string {
  if (callers === 0) return "Nobody is in it.";
  return callers === 1 ? "Its one caller stays." : `Its ${callers} callers stay.`;
}

function callsThatEnd(callers: number): string {
  if (callers === 0) return "Nobody is in it.";
  return callers === 1 ? "The call of its one caller ends." : `The calls of its ${callers} callers end.`;
}
