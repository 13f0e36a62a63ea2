import type { BridgeCommand } from "../bridge/commands.ts";
import type { BridgeCaller, ConferenceEvent, Report } from "../bridge/events.ts";
import { type CommandId, MAIN_ROOM, type PhoneNumber } from "../foundation/ids.ts";
import { isRecord } from "../foundation/record.ts";
import { Replacements } from "../foundation/text/replacements.ts";
import { createCodec, type WebexCodec } from "../tsp/codec.ts";
import { type FromWebex, fromWebex, type MessageSpec } from "../tsp/messages.ts";
import type { Stage } from "./stage.ts";

/** What a journal has, as the lines of a transcript, with made-up names and numbers. */
export class TestLines {
  readonly #stage: Stage;
  #madeCodec: WebexCodec | null = null;
  /** The played conference's ids of the journal's calls, rooms, commands and messages. */
  readonly ids = new Map<string, string>();
  readonly #calls = new Replacements((place) => `c${place}`);
  readonly #rooms = new Replacements((place) => `room-${place}`);
  readonly #keyed = new Replacements((place) => `key${place}`);
  readonly extCallIds = new Replacements(String);
  readonly #extConfIds = new Replacements((place) => String(1_000 + place));
  readonly #subConfIds = new Replacements((place) => `sub${place}`);
  readonly #servers = new Replacements((place) => `tsp${place}`);
  readonly #msgIds = new Replacements(String);

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** By the settings that the transcript begins with. */
  get #codec(): WebexCodec {
    this.#madeCodec ??= createCodec(this.#stage.domain.settings.protocol, "webex");
    return this.#madeCodec;
  }

  /** As a transcript names a call, a room or a MsgID; `null`: it is none of the adapter's own. */
  #ownName(id: string): string | null {
    const own = this.ids.get(id);
    return own === undefined ? null : this.#stage.nameOf(own);
  }

  #call(id: string): string {
    return this.#ownName(id) ?? this.#calls.of(id);
  }

  #room(id: string): string {
    return id === MAIN_ROOM ? id : (this.#ownName(id) ?? this.#rooms.of(id));
  }

  /** One message of WebEx, by the attributes that decisions use. */
  element(message: FromWebex): string {
    if (message.type === "unknown") return this.#unknown(message);
    const spec: MessageSpec = fromWebex[message.type];
    const values: Record<string, unknown> = {
      type: message.type,
      ...(message.spelling && { spelling: message.spelling }),
    };
    for (const [name, value] of Object.entries(message)) {
      const field = spec.fields[name];
      if (!field || value === undefined) continue;
      const made = this.#value(message, name, field.kind.kind, value);
      if (made !== undefined) values[name] = made;
    }
    const { text, unwritable } = this.#codec.encode("1", [values as never]);
    if (text === null) throw new Error(unwritable.map(({ why }) => why).join("; "));
    const [, element = "", attributes = ""] = /<\/TransID><(\w+)([^>]*)>/.exec(text) ?? [];
    const written = [...attributes.matchAll(/ ([\w.-]+)="([^"]*)"/g)].map(
      ([, name = "", value = ""]) => `${name}=${value}`,
    );
    const usual = element === fromWebex["caller-named"].wire ? [] : usualWords;
    const said = written.filter((word) => !usual.includes(word));
    return [element, ...said, ...leftOut(message, element), ...numberIn(message)].join(" ");
  }

  #unknown({ element, msgId, replyTo, extConfId }: Extract<FromWebex, { type: "unknown" }>): string {
    return [
      element,
      ...(msgId === undefined ? [] : [`MsgID=${this.#msgIds.of(`${replyTo ?? ""} ${msgId}`)}`]),
      `WbxHostName=${replyTo === undefined ? "none" : this.#servers.of(replyTo)}`,
      `ExtConfID=${extConfId === undefined ? "none" : this.#extConfIds.of(extConfId)}`,
    ].join(" ");
  }

  #value(message: FromWebex, name: string, kind: string, value: unknown): unknown {
    const text = String(value);
    switch (kind) {
      case "msg-id":
        return (
          (message.type === "caller-named" ? this.#ownName(text) : null) ??
          this.#msgIds.of(`${message.replyTo ?? ""} ${text}`)
        );
      case "host":
        return this.#servers.of(text);
      case "ext-conf-id":
        return this.#extConfIds.of(text);
      case "sub-conf-id":
        return this.#subConfIds.of(text);
      case "call-id":
        return this.extCallIds.of(text);
      case "conf-key":
        return "KEY";
      case "text":
        if (name === "hostExtCallId") return this.extCallIds.of(text);
        return ["attendeeId", "hostAttendeeId", "data"].includes(name) ? value : undefined;
      default:
        return value;
    }
  }

  report(report: Report): string {
    if (report.type === "event") return this.#event(report.event);
    const { id, result } = report;
    const how = result.done ? "done" : "refused";
    return `${how} ${this.commandWords(id, result.done ? [] : [`(${result.reason})`])}`;
  }

  /** A word in parentheses behind a number would be taken for the name of a code. */
  commandWords(id: CommandId, how: readonly string[] = []): string {
    const { commands } = this.#stage.state;
    const own = commands.get((this.ids.get(id) ?? "") as CommandId);
    if (!own) return ["gone", ...how].join(" ");
    const { command } = own;
    const called = "call" in command ? [this.#called(this.#stage.nameOf(command.call))] : [];
    const rooms = "room" in command ? [`room=${this.#stage.nameOf(command.room)}`] : [];
    const fitting = [...commands.values()].filter((one) => isLike(one.command, command));
    const nth = fitting.indexOf(own) + 1;
    return [command.type, ...called, ...rooms, ...how, ...(nth > 1 ? [`nth=${nth}`] : [])].join(" ");
  }

  #called(name: string): string {
    return /^[co]\d/.test(name) ? name : `call=${name}`;
  }

  #event(event: ConferenceEvent): string {
    if (event.type === "caller-entered") return this.#entered(event.caller);
    if (event.type === "snapshot" && event.conference)
      return `${event.type} ${JSON.stringify({ conference: this.named(event.conference) })}`;
    if (event.type === "snapshot") return "snapshot none";
    const { type, ...fields } = event;
    if (type === "caller-turned-away" || "was" in fields) return `${type} ${JSON.stringify(this.named(fields))}`;
    return [type, ...Object.entries(fields).flatMap(([name, value]) => this.#word(name, value))].join(" ");
  }

  /** What is usual goes without saying. */
  #word(name: string, value: string | boolean): string[] {
    if (name === "reason" && value === "hung-up") return [];
    if (typeof value === "boolean") return [`${name}=${value ? "yes" : "no"}`];
    if (name === "call") return [this.#called(this.#call(value))];
    return [`${name}=${name === "id" ? this.#keyed.of(value) : value}`];
  }

  #entered(caller: BridgeCaller): string {
    const { call, number, attendeeId, muted, silent, room, host } = caller;
    if (silent && !muted) return `caller-entered ${JSON.stringify({ caller: this.named(caller) })}`;
    return [
      "caller-entered",
      this.#called(this.#call(call)),
      ...(number === "" ? [] : [`number=${number}`]),
      ...(attendeeId === null ? [] : [`attendeeId=${attendeeId}`]),
      ...(silent ? ["silent=yes"] : muted ? ["muted=yes"] : []),
      ...(room === MAIN_ROOM ? [] : [`room=${this.#room(room)}`]),
      ...(host ? ["host=yes"] : []),
    ].join(" ");
  }

  /** Data with names in place of ids, by the names under which they stand. */
  named(value: unknown, name = ""): unknown {
    if (Array.isArray(value)) return value.map((one) => this.named(one, name));
    if (isRecord(value))
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.named(one, key)]));
    if (typeof value !== "string") return value;
    if (name === "call" || name === "speaking") return this.#call(value);
    if (name === "room" || name === "id") return this.#room(value);
    return name === "extCallId" ? this.extCallIds.of(value) : value;
  }
}

/** Of each message but the name of a call, in a transcript. */
const usualWords: readonly string[] = ["WbxHostName=tsp1", "ExtConfID=1001", "ConfKey=KEY"];

/** Attributes that go without saying, and that this message does not have. */
function leftOut(message: FromWebex, element: string): string[] {
  if (element === fromWebex["caller-named"].wire) return [];
  const { replyTo, extConfId } = message;
  return [
    ...(replyTo === undefined ? ["WbxHostName=none"] : []),
    ...(extConfId === undefined ? ["ExtConfID=none"] : []),
  ];
}

function isLike(one: BridgeCommand, other: BridgeCommand): boolean {
  const part = (command: BridgeCommand, name: "call" | "room") => (name in command ? command[name as never] : null);
  return (
    one.type === other.type && part(one, "call") === part(other, "call") && part(one, "room") === part(other, "room")
  );
}

function numberIn(message: FromWebex): string[] {
  return message.type === "call-out" ? [`Number=${partsOf(message.phone)}`] : [];
}

function partsOf({ country, area, local, extension }: PhoneNumber): string {
  return [country, area, local, ...(extension === "" ? [] : [extension])].join("-");
}
