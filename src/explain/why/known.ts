import type { CommandType } from "../../bridge/commands.ts";
import type { Cause, InputRow, SingleFact } from "../../conference/facts.ts";
import type { CallId, CommandId, ExtCallId, MsgId } from "../../foundation/ids.ts";
import type { FromWebex } from "../../tsp/messages.ts";
import { type Moment, momentOf } from "./words.ts";

export type FactOf<Kind extends SingleFact["kind"]> = Extract<SingleFact, { kind: Kind }>;

/** One row, as questions read it. */
export interface WhyRow extends Moment {
  readonly input: InputRow["input"];
  readonly facts: readonly SingleFact[];
}

/** A call as it was last: in the conference, dialled, or over. */
export interface KnownCall {
  readonly call: CallId;
  readonly number: string;
  readonly attendeeId: string | null;
  readonly extCallId: ExtCallId | null;
  readonly isInside: boolean;
  readonly dialled: Moment | null;
}

/** A command, and who wanted it. */
export interface KnownCommand extends Moment {
  readonly type: CommandType;
  readonly call: CallId | null;
  readonly by: readonly Cause[];
}

/** A message that was queued. */
export interface KnownMessage extends Moment {
  readonly fact: FactOf<"post-queued">;
  readonly call: KnownCall | undefined;
}

/** What all questions need of the rows up to now. */
export class Known {
  readonly calls = new Map<CallId, KnownCall>();
  readonly commands = new Map<CommandId, KnownCommand>();
  readonly messages = new Map<MsgId, KnownMessage>();
  /** What WebEx and operators have asked for, by TransID and MsgID or by the action's id. */
  readonly #asked = new Map<string, string>();

  /** Before any question reads the row. */
  read(row: WhyRow): void {
    const { input } = row;
    if (input?.type === "webex")
      for (const message of input.messages) this.#asked.set(`${input.transId} ${message.msgId}`, askedFor(message));
    if (input?.type === "operator") this.#asked.set(input.id, input.request.type);
    for (const fact of row.facts) this.#read(momentOf(row), fact);
  }

  /** The type of the request or of the operator's action, or what is updated; `null`: nobody has asked. */
  askedBy(by: readonly Cause[]): string | null {
    const cause = askerIn(by);
    if (!cause) return null;
    const key = cause.type === "action" ? cause.action : `${cause.transId} ${cause.msgId}`;
    return this.#asked.get(key) ?? null;
  }

  callNamed(extCallId: string | undefined): KnownCall | undefined {
    if (extCallId === undefined) return undefined;
    return [...this.calls.values()].findLast((call) => call.extCallId === extCallId);
  }

  #read(moment: Moment, fact: SingleFact): void {
    switch (fact.kind) {
      case "call-dialled": {
        const { call, number, extCallId } = fact;
        this.calls.set(call, { call, number, attendeeId: null, extCallId, isInside: false, dialled: moment });
        return;
      }
      case "call-entered": {
        const { call, number, attendeeId, extCallId } = fact;
        const dialled = this.calls.get(call)?.dialled ?? null;
        this.calls.set(call, { call, number, attendeeId, extCallId, isInside: true, dialled });
        return;
      }
      case "call-named":
        return this.#change(fact.call, { extCallId: fact.extCallId });
      case "call-merged":
        return this.#change(fact.call, { attendeeId: fact.attendeeId });
      case "call-left":
        return this.#change(fact.call, { isInside: false });
      case "command-issued": {
        const { command, type, call = null, by } = fact;
        this.commands.set(command, { ...moment, type: type as CommandType, call, by });
        return;
      }
      case "command-joined": {
        const command = this.commands.get(fact.command);
        if (command) this.commands.set(fact.command, { ...command, by: [...command.by, ...fact.by] });
        return;
      }
      case "post-queued": {
        const call = fact.call === undefined ? this.callNamed(fact.extCallId) : this.calls.get(fact.call);
        this.messages.set(fact.msgId, { ...moment, fact, call });
        return;
      }
      default:
    }
  }

  #change(call: CallId, change: Partial<KnownCall>): void {
    const known = this.calls.get(call);
    if (known) this.calls.set(call, { ...known, ...change });
  }
}

function askedFor(message: FromWebex): string {
  return message.type === "update-conference" ? String(message.action) : message.type;
}

type Asker = Extract<Cause, { type: "request" | "action" }>;

/** The first who asked, of all causes. */
export function askerIn(by: readonly Cause[]): Asker | undefined {
  return by.find((cause): cause is Asker => cause.type === "request" || cause.type === "action");
}

export function operatorText(cause: Cause | undefined): string | null {
  if (cause?.type !== "action") return null;
  return cause.person === "" ? "an operator" : `the operator ${cause.person}`;
}
