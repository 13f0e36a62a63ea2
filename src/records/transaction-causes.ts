import type { BridgeCaller, ConferenceEvent, ConferenceSnapshot, EndReason } from "../bridge/events.ts";
import type { ConferenceInput } from "../conference/decide.ts";
import type { CallId, CommandId } from "../foundation/ids.ts";
import type { KnownCommand } from "./book-data.ts";

/** What the inputs of one transaction say. */
export class Causes {
  readonly left = new Map<CallId, EndReason>();
  readonly entered = new Map<CallId, BridgeCaller>();
  readonly answered = new Set<CallId>();
  readonly muted = new Set<CallId>();
  /** Calls of commands that were carried out. */
  readonly done = new Set<CallId>();
  /** Calls that were hung up by command, or found gone then. */
  readonly expelled = new Map<CallId, KnownCommand>();
  /** Call → why the bridge did not dial or admit it. */
  readonly refusals = new Map<CallId, string>();
  /** Calls that WebEx has cancelled, by its names. */
  readonly cancelled = new Set<string>();
  readonly operators: { readonly type: string; readonly call: CallId | null }[] = [];
  /** Messages to WebEx. */
  givenUp = 0;
  /** All that the bridge holds was compared. */
  found: ConferenceSnapshot | null = null;
  /** It was locked or unlocked by telephone or command. */
  locks = false;
  closes = false;
  isEndedByTelephone = false;
  isCreated = false;
  createRefusal: string | null = null;
  /** What a create calls the conference. */
  topic: string | undefined;

  constructor(inputs: readonly ConferenceInput[], commands: ReadonlyMap<CommandId, KnownCommand>) {
    for (const input of inputs) {
      switch (input.type) {
        case "webex":
          for (const message of input.messages) {
            if (message.type === "cancel-call-out") this.cancelled.add(message.extCallId);
            if (message.type === "close-conference" && !message.keepAlive) this.closes = true;
            if (message.type === "create-conference") this.topic = message.conferenceName ?? this.topic;
          }
          break;
        case "bridge":
          if (input.elsewhere === undefined) this.#reports(input, commands);
          break;
        case "operator": {
          const { request } = input;
          this.operators.push({ type: request.type, call: "call" in request ? request.call : null });
          break;
        }
        case "undelivered":
          if (!input.of?.probe) this.givenUp += input.messages.length;
          break;
        case "reached":
        case "time":
          break;
      }
    }
  }

  #reports(
    { reports }: Extract<ConferenceInput, { type: "bridge" }>,
    commands: ReadonlyMap<CommandId, KnownCommand>,
  ): void {
    for (const { report } of reports) {
      if (report.type === "event") this.#event(report.event);
      else {
        const command = commands.get(report.id);
        if (command) this.#result(command, report.result);
      }
    }
  }

  #event(event: ConferenceEvent): void {
    switch (event.type) {
      case "caller-entered":
        this.entered.set(event.caller.call, event.caller);
        break;
      case "call-answered":
        this.answered.add(event.call);
        break;
      case "caller-left":
        if (!this.left.has(event.call)) this.left.set(event.call, event.reason);
        break;
      case "caller-muted":
        this.muted.add(event.call);
        break;
      case "lock-changed":
        this.locks = true;
        break;
      case "conference-ended":
        this.isEndedByTelephone = true;
        break;
      case "snapshot":
        if (event.conference) this.found = event.conference;
        break;
      default:
        break;
    }
  }

  #result(command: KnownCommand, result: { readonly done: boolean; readonly reason?: string }): void {
    const { type, call } = command;
    if (type === "lock" || type === "unlock") this.locks = true;
    if (type === "create-conference") {
      this.isCreated ||= result.done;
      if (!result.done) this.createRefusal = result.reason ?? null;
    }
    if (call === null) return;
    if (result.done) this.done.add(call);
    else if (type === "dial" || type === "admit") this.refusals.set(call, result.reason ?? "refused");
    if (type === "expel" && result.done) this.expelled.set(call, command);
  }
}
