import type { Report } from "../../../src/bridge/events.ts";
import { decide } from "../../../src/conference/decide.ts";
import { type Decision, type DecisionContext, Draft, isCommand, isPost } from "../../../src/conference/draft.ts";
import type { FactKind } from "../../../src/conference/facts.ts";
import type { Running } from "../../../src/conference/head.ts";
import type { ConferenceInput } from "../../../src/conference/inputs.ts";
import {
  type Caller,
  type CallOut,
  type ConferenceState,
  emptyState,
  type PendingCommand,
} from "../../../src/conference/state.ts";
import type { BridgeName, CommandId, ConfKey, MsgId, TransId } from "../../../src/foundation/ids.ts";
import { testDomain } from "../../local-domain.ts";

/** A conference that WebEx has created, by whatever a test does not say. */
export function running(more: object = {}): Running {
  return {
    ...{ phase: "running", extConfId: "1001", host: "tsp1:80", maxCallers: null, anonymousId: null },
    ...{ attached: true, locked: false, groups: [], formerHandles: [] },
    life: {
      ...{ row: 1, createdAt: 0, runningAt: 0, extConfIds: [], webexHosts: [], topic: "", callers: 0, mostCallers: 0 },
      ...{ calls: 0, callMinutes: 0, failovers: 0, repairs: 0, givenUp: 0 },
    },
    ...more,
  } as object as Running;
}

export function inside(call: string, more: object = {}): [Caller["call"], Caller] {
  const caller = {
    ...{ call, rank: 1, number: "", attendeeId: null, participantType: "participant", muted: false, mutedInMain: null },
    ...{ room: "main", extCallId: null, enterMsgId: null, held: [], left: false, history: { began: 1, enteredAt: 0 } },
    ...more,
  } as object as Caller;
  return [caller.call, caller];
}

export function dialled(call: string, more: object = {}): [CallOut["call"], CallOut] {
  const callOut = {
    ...{ call, request: null, extCallId: "77", participantType: "participant", muted: false, privately: false, by: [] },
    ...{ number: { country: "1", area: "408", local: "5550123", extension: "" }, stage: "dialling", answerBy: null },
    ...{ history: { began: 1, dialledAt: 0 }, ...more },
  } as object as CallOut;
  return [callOut.call, callOut];
}

export function pending(id: string, command: object, more: object = {}): [CommandId, PendingCommand] {
  const one = { id, command, answerBy: null, request: null, by: [], ...more } as object as PendingCommand;
  return [one.id, one];
}

export function reported(...reports: readonly Report[]): ConferenceInput {
  return { type: "bridge", at: 1_000, reports: reports.map((report, index) => ({ number: index + 1, report })) };
}

export function asked(...messages: readonly object[]): ConferenceInput {
  const whole = messages.map((message, index) => ({ msgId: `m${index + 1}`, extConfId: "1001", ...message }));
  return { type: "webex", at: 1_000, transId: "t1" as TransId, messages: whole as never };
}

export function decided(
  state: object,
  input: ConferenceInput,
  { settings = {}, ...more }: Partial<Omit<DecisionContext, "settings">> & { readonly settings?: object } = {},
) {
  const context = { ...aContext(), settings: testDomain(settings).settings, ...more };
  const decision = decide(stateOf(state), input, context);
  return {
    ...decision,
    head: decision.changes.head as Running | undefined,
    commands: decision.effects.filter(isCommand).map(({ command }) => command),
    posts: decision.effects.filter(isPost).map(({ message }) => message),
    notes: factsOf(decision, "noted").map((fact) => "text" in fact && fact.text),
  };
}

/** Of functions that a decision calls, and whose answer no decision shows by itself. */
export function drafted(state: object, more: Partial<DecisionContext> = {}): Draft {
  return new Draft(stateOf(state), 1_000, { ...aContext(), ...more });
}

function stateOf(state: object): ConferenceState {
  return { ...emptyState(), head: running(), ...state } as ConferenceState;
}

function aContext(): DecisionContext {
  let count = 0;
  return {
    ...{ confKey: "555" as ConfKey, settings: testDomain().settings, bridge: "bridge-1" as BridgeName, cannot: [] },
    ...{ row: 2, msgId: () => `a${++count}` as MsgId, serial: () => ++count, nonce: () => `${++count}` },
    ...{ unconfirmed: () => [], sends: () => true },
  };
}

/** Without who brought them about. */
export function factsOf({ facts }: Pick<Decision, "facts">, ...kinds: readonly FactKind[]): readonly object[] {
  return facts.flatMap((fact) => {
    const { by: _, ...said } = { by: null, ...fact };
    return kinds.length === 0 || kinds.includes(fact.kind) ? [said] : [];
  });
}
