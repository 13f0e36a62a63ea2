import type { BridgeCommand } from "../bridge/commands.ts";
import type { BridgeCaller, ConferenceEvent, Report } from "../bridge/events.ts";
import type { ConferenceInput } from "../conference/decide.ts";
import { type Post, withoutDropped } from "../conference/draft.ts";
import type { OperatorRequest } from "../conference/operator-requests.ts";
import type { ConferenceState } from "../conference/state.ts";
import { type CallId, type CommandId, MAIN_ROOM, type RoomId } from "../foundation/ids.ts";
import { isRecord } from "../foundation/record.ts";
import { type About, decisiveSettings, type HistoryRow } from "../replay/history.ts";
import { replay, type Step } from "../replay/replay.ts";
import type { DomainSettings } from "../settings/domain-settings.ts";
import type { Domain } from "../settings/load.ts";
import { localDomain } from "../settings/local-domain.ts";
import { createCodec, type WebexCodec } from "../tsp/codec.ts";
import { type FromWebex, fromWebex, type MessageSpec } from "../tsp/messages.ts";
import { MadeUp } from "./made-up.ts";
import { bridgeNames, CONF_KEY, play } from "./play.ts";

/** A longer test is none that anybody reads. */
const MOST_ROWS = 3_000;

/**
 * A conference's journal as a transcript that plays in `test/transcripts` as it is, with made-up names, numbers and codes; `null`: nothing
 * of it can be played. It begins where the kept rows begin, or at the first create among them, and ends where today's code would decide
 * otherwise.
 */
export function asTest(rows: Iterable<HistoryRow>, about: About): string | null {
  const writer = new TestWriter(about);
  for (const step of replay(rows, about)) if (!writer.add(step)) break;
  return writer.text();
}

class TestWriter {
  readonly #about: About;
  readonly #domain: Domain;
  readonly #codec: WebexCodec;
  readonly #madeUp: MadeUp;
  readonly #lines: string[] = [];
  readonly #calls = new Map<CallId, string>();
  readonly #rooms = new Map<RoomId, string>();
  readonly #dialled = new Map<CallId, string>();
  readonly #keyed = new Map<CommandId, string>();
  readonly #bridges: string[] = [];
  /** Rows in which something was given up, in the order of their `lost` lines. */
  readonly #lostIn: number[] = [];
  /** MsgIDs of the adapter's own. */
  readonly #msgIds = new Map<string, string>();
  #drawn = 0;
  /** What waits for its Confirmation, in the order in which the player has it. */
  #queue: readonly (Post & { readonly text: string })[] = [];
  #begun = false;
  #at = 0;
  #serialsBefore = 0;
  #bridge: string | null = "simulated";
  #actions = 0;
  #cannot = "";
  #rows = 0;

  constructor(about: About) {
    this.#about = about;
    const { settings } = about.domain;
    this.#codec = createCodec(settings.protocol, "webex");
    this.#madeUp = new MadeUp(settings.policy);
    const own = ownSettings(settings, this.#madeUp);
    this.#domain = { ...about.domain, settings: { ...settings, ...own } as DomainSettings };
    if (Object.keys(own).length > 0) this.#lines.push(`settings ${JSON.stringify(own)}`);
  }

  text(): string | null {
    if (this.#rows === 0) return null;
    const title = `# A conference as its journal has it, with made-up names and numbers: ${this.#rows} rows.`;
    return play([title, ...this.#lines, ""].join("\n"), () => this.#domain);
  }

  /** False: the rest is left out. */
  add(step: Step): boolean {
    if (!this.#begun && !this.#begin(step)) return true;
    this.#rows += 1;
    this.#confirmed(step);
    if (step.input) this.#input(step, step.input);
    this.#effects(step);
    if (this.#rows >= MOST_ROWS) {
      this.#lines.push(`# What follows behind row ${step.seq} is left out: it is too long.`);
      return false;
    }
    if (step.verdict.is === "same") return true;
    this.#lines.push(
      `# From row ${step.seq} on the journal says otherwise than what follows here: the rest is left out.`,
    );
    return false;
  }

  #begin(step: Step): boolean {
    const { callOuts, commands, head } = step.before;
    const isOver = head.phase === "absent" || (head.phase === "ended" && head.byWebex);
    const isClean = isOver && callOuts.size + commands.size === 0;
    const creates = step.input?.type === "webex" && step.changes.head?.phase === "creating";
    if (step.input === null || !isClean || (step.seq > 1 && !creates)) return false;
    this.#begun = true;
    this.#at = step.at;
    this.#serialsBefore = step.context.serial;
    return true;
  }

  #input(step: Step, input: ConferenceInput): void {
    this.#context(step);
    const later = input.at - this.#at;
    if (later > 0) this.#lines.push(`later ${later / 1_000} s`);
    this.#at = Math.max(this.#at, input.at);
    switch (input.type) {
      case "webex":
        return this.#happens(
          "W→A",
          input.messages.map((message) => this.#element(message)),
        );
      case "bridge": {
        const from = input.elsewhere === undefined ? "B→A" : `B${this.#bridgePlace(input.elsewhere) + 1}→A`;
        return this.#happens(
          from,
          input.reports.map(({ report }) => this.#report(report, step.before)),
        );
      }
      case "undelivered": {
        const places = this.#removeFromQueue(
          input.messages.map((message) => ({ host: null, text: JSON.stringify(message) })),
        );
        this.#lines.push(`lost ${places.join(" ")}`);
        this.#lostIn.push(step.seq);
        return;
      }
      case "operator": {
        this.#actions += 1;
        if (input.request.type === "send-again") {
          this.#lines.push(`operator send-again ${this.#lostIn.indexOf(input.request.row) + 1}`);
          return;
        }
        const action = { id: `a${this.#actions}`, person: "Ann", request: this.#operatorRequest(input.request) };
        this.#lines.push(`operator ${JSON.stringify(action)}`);
        return;
      }
      case "reached":
        this.#lines.push("reached");
        return;
      case "time":
        if (!input.overdue) this.#lines.push("due");
        return this.#happens("due", input.overdue?.map((id) => this.#commandWords(id, step.before)) ?? []);
    }
  }

  #operatorRequest(request: OperatorRequest): unknown {
    if (request.type !== "call-out") return this.#anonymous(request);
    const { number, ...others } = request;
    const [country, area, local, extension = ""] = this.#madeUp.phone(number).split("-");
    return { ...(this.#anonymous(others) as object), number: { country, area, local, extension } };
  }

  #happens(from: string, [first = "", ...more]: readonly string[]): void {
    // Reports that were too long to be kept.
    if (first === "") return;
    this.#lines.push(`${from} ${first}`, ...more.map((line) => `    + ${line}`));
  }

  #context({ context, input }: Step): void {
    const isAtBridge = input?.type !== "time" && input?.type !== "undelivered";
    // An only bridge is chosen with the first create.
    const [only, ...others] = this.#domain.settings.bridges;
    const chosen = context.bridge ?? (others.length === 0 ? only?.name : null) ?? null;
    const bridge = chosen === null ? null : (bridgeNames[this.#bridgePlace(chosen)] ?? null);
    if (isAtBridge && bridge !== this.#bridge) this.#lines.push(`bridge is ${bridge ?? "none"}`);
    if (isAtBridge) this.#bridge = bridge;
    const cannot = context.cannot.join(" ");
    if (input?.type === "webex" && cannot !== this.#cannot) {
      this.#lines.push(`bridge cannot ${cannot}`.trim());
      this.#cannot = cannot;
    }
  }

  #bridgePlace(name: string): number {
    if (!this.#bridges.includes(name)) this.#bridges.push(name);
    return this.#bridges.indexOf(name);
  }

  #confirmed({ confirmed }: Step): void {
    const posts = confirmed.flatMap(({ host, messages }) =>
      messages.map((message) => ({ host, text: JSON.stringify(message) })),
    );
    const places = this.#removeFromQueue(posts);
    if (places.length > 0) this.#lines.push(`confirmed ${places.join(" ")}`);
  }

  /** Their places in the queue, which they leave. */
  #removeFromQueue(posts: readonly { readonly host: string | null; readonly text: string }[]): readonly number[] {
    const taken = new Set<number>();
    for (const { host, text } of posts) {
      const found = this.#queue.findIndex(
        (one, index) => !taken.has(index) && one.text === text && (host === null || one.host === host),
      );
      if (found >= 0) taken.add(found);
    }
    this.#queue = this.#queue.filter((_, index) => !taken.has(index));
    return [...taken].map((index) => index + 1).sort((one, other) => one - other);
  }

  #effects({ commands, messages, msgIds, decision }: Step): void {
    for (const msgId of msgIds) {
      this.#drawn += 1;
      if (msgId !== null) this.#msgIds.set(msgId, `n${this.#drawn}`);
    }
    for (const { command } of commands) {
      if ("call" in command && this.#serialIn(command.call) !== null && !this.#dialled.has(command.call)) {
        this.#dialled.set(command.call, `o${this.#dialled.size + 1}`);
      }
      if ("room" in command && command.room !== MAIN_ROOM && !this.#rooms.has(command.room)) {
        this.#rooms.set(command.room, `r${this.#rooms.size + 1}`);
      }
    }
    const { dropQueued = [] } = decision ?? {};
    const posted = messages.map(({ transId: _, ...post }) => ({ ...post, text: JSON.stringify(post.message) }));
    this.#queue = [...withoutDropped(this.#queue, dropQueued), ...posted];
  }

  /** The serial in an id of ours; `null`: it is the bridge's. */
  #serialIn(id: string): number | null {
    const { confKey } = this.#about;
    if (!id.startsWith(`${confKey}.`)) return null;
    const serial = Number(id.slice(confKey.length + 1).split(".")[0]);
    return Number.isInteger(serial) ? serial - this.#serialsBefore : null;
  }

  #call(id: CallId): string {
    const dialled = this.#dialled.get(id);
    if (dialled !== undefined) return dialled;
    const known = this.#calls.get(id);
    if (known !== undefined) return known;
    const name = `c${this.#calls.size + 1}`;
    this.#calls.set(id, name);
    return name;
  }

  #room(id: RoomId): string {
    if (id === MAIN_ROOM) return id;
    const known = this.#rooms.get(id);
    if (known !== undefined) return known;
    const serial = this.#serialIn(id);
    return serial === null
      ? `room-${id.length}-${[...id].reduce((sum, char) => sum + char.charCodeAt(0), 0)}`
      : `${CONF_KEY}.${serial}.n`;
  }

  /** One message of WebEx, by the attributes that decisions use. */
  #element(message: FromWebex): string {
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
    const words = [...attributes.matchAll(/ ([\w.-]+)="([^"]*)"/g)].map(
      ([, name = "", value = ""]) => `${name}=${value}`,
    );
    const usual = element === fromWebex["caller-named"].wire ? [] : usualWords;
    const said = words.filter((word) => !usual.includes(word));
    return [element, ...said, ...this.#leftOut(message, element), ...numberIn(message, this.#madeUp)].join(" ");
  }

  #unknown({ element, msgId, replyTo, extConfId }: Extract<FromWebex, { type: "unknown" }>): string {
    return [
      element,
      ...(msgId === undefined ? [] : [`MsgID=${this.#madeUp.msgId(replyTo ?? "", msgId)}`]),
      `WbxHostName=${replyTo === undefined ? "none" : this.#madeUp.server(replyTo)}`,
      `ExtConfID=${extConfId === undefined ? "none" : this.#madeUp.extConfId(extConfId)}`,
    ].join(" ");
  }

  /** Attributes that go without saying, and that this message does not have. */
  #leftOut(message: FromWebex, element: string): string[] {
    if (element === fromWebex["caller-named"].wire) return [];
    const { replyTo, extConfId } = message;
    return [
      ...(replyTo === undefined ? ["WbxHostName=none"] : []),
      ...(extConfId === undefined ? ["ExtConfID=none"] : []),
    ];
  }

  #value(message: FromWebex, name: string, kind: string, value: unknown): unknown {
    const text = String(value);
    switch (kind) {
      case "msg-id": {
        const own = this.#msgIds.get(text);
        if (own !== undefined && message.type === "caller-named") return own;
        return this.#madeUp.msgId(message.replyTo ?? "", text);
      }
      case "host":
        return this.#madeUp.server(text);
      case "ext-conf-id":
        return this.#madeUp.extConfId(text);
      case "sub-conf-id":
        return this.#madeUp.subConfId(text);
      case "call-id":
        return this.#madeUp.extCallId(text);
      case "conf-key":
        return "KEY";
      case "keyed":
        return this.#madeUp.attendeeId(text);
      case "text":
        if (name === "attendeeId" || name === "hostAttendeeId") return this.#madeUp.attendeeId(text);
        if (name === "hostExtCallId") return this.#madeUp.extCallId(text);
        return name === "data" ? this.#madeUp.data(text) : undefined;
      default:
        return value;
    }
  }

  #report(report: Report, state: ConferenceState): string {
    if (report.type === "event") return this.#event(report.event);
    const { id, result } = report;
    const how = result.done ? "done" : "refused";
    const reason = result.done ? "" : ` (${result.reason})`;
    return `${how} ${this.#commandWords(id, state)}${reason}`;
  }

  #commandWords(id: CommandId, state: ConferenceState): string {
    const command = state.commands.get(id)?.command;
    if (!command) return "gone";
    const words = [
      command.type,
      ...("call" in command ? [this.#called(command.call)] : []),
      ...this.#roomWords(command),
    ];
    const isLike = (other: BridgeCommand) =>
      other.type === command.type &&
      ("call" in command ? "call" in other && other.call === command.call : true) &&
      ("room" in command ? "room" in other && other.room === command.room : true);
    const fitting = [...state.commands.values()].filter((one) => isLike(one.command));
    const nth = fitting.findIndex((one) => one.id === id) + 1;
    return `${words.join(" ")}${nth > 1 ? ` nth=${nth}` : ""}`;
  }

  #roomWords(command: BridgeCommand): string[] {
    return "room" in command ? [`room=${this.#room(command.room)}`] : [];
  }

  #called(call: CallId): string {
    const name = this.#call(call);
    return /^[co]\d/.test(name) ? name : `call=${name}`;
  }

  #event(event: ConferenceEvent): string {
    const { type } = event;
    switch (type) {
      case "caller-entered":
        return this.#entered(event.caller);
      case "caller-left":
        return [type, this.#called(event.call), ...(event.reason === "hung-up" ? [] : [`reason=${event.reason}`])].join(
          " ",
        );
      case "call-answered":
        return `${type} ${this.#called(event.call)}`;
      case "caller-muted":
        return `${type} ${this.#called(event.call)} muted=${yes(event.muted)}`;
      case "speaking-changed":
        return `${type} ${this.#called(event.call)} speaking=${yes(event.speaking)}`;
      case "lock-changed":
        return `${type} locked=${yes(event.locked)}`;
      case "attendee-identified": {
        const id = this.#keyed.get(event.id) ?? `key${this.#keyed.size + 1}`;
        this.#keyed.set(event.id, id);
        return `${type} ${this.#called(event.call)} attendeeId=${this.#madeUp.attendeeId(event.attendeeId)} id=${id}`;
      }
      case "conference-ended":
        return type;
      case "snapshot":
        return event.conference === null
          ? `${type} none`
          : `${type} ${JSON.stringify({ conference: this.#anonymous(event.conference) })}`;
    }
  }

  #entered(caller: BridgeCaller): string {
    const { call, number, attendeeId, muted, silent, room, host } = caller;
    if (silent && !muted) return `caller-entered ${JSON.stringify({ caller: this.#anonymous(caller) })}`;
    return [
      "caller-entered",
      this.#called(call),
      ...(number === "" ? [] : [`number=${this.#madeUp.number(number)}`]),
      ...(attendeeId === null ? [] : [`attendeeId=${this.#madeUp.attendeeId(attendeeId)}`]),
      ...(silent ? ["silent=yes"] : muted ? ["muted=yes"] : []),
      ...(room === MAIN_ROOM ? [] : [`room=${this.#room(room)}`]),
      ...(host ? ["host=yes"] : []),
    ].join(" ");
  }

  /** Data with made-up values, by the names under which they stand. */
  #anonymous(value: unknown, name = ""): unknown {
    if (Array.isArray(value)) return value.map((one) => this.#anonymous(one, name));
    if (isRecord(value))
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.#anonymous(one, key)]));
    if (typeof value !== "string") return value;
    switch (name) {
      case "call":
      case "speaking":
        return this.#call(value as CallId);
      case "room":
      case "id":
        return this.#room(value as RoomId);
      case "number":
        return this.#madeUp.number(value);
      case "attendeeId":
        return this.#madeUp.attendeeId(value);
      case "extCallId":
        return this.#madeUp.extCallId(value);
      case "type":
      case "kind":
        return value;
      default:
        return this.#madeUp.data(value);
    }
  }
}

/** Of each message but the name of a call, in a transcript. */
const usualWords: readonly string[] = ["WbxHostName=tsp1", "ExtConfID=1001", "ConfKey=KEY"];

function yes(is: boolean): "yes" | "no" {
  return is ? "yes" : "no";
}

function numberIn(message: FromWebex, madeUp: MadeUp): string[] {
  return message.type === "call-out" ? [`Number=${madeUp.phone(message.phone)}`] : [];
}

/** The settings that decisions use and that differ from those of a local run, without what names anybody. */
function ownSettings(settings: DomainSettings, madeUp: MadeUp): Partial<ReturnType<typeof decisiveSettings>> {
  const usual: Readonly<Record<string, unknown>> = { protocol: {}, ...localDomain({ agents: [] }) };
  const { hybrid, recording, passthroughUrl, protocol, ...decisive } = decisiveSettings(settings);
  const { host, ...others } = protocol;
  const named = host && {
    host: {
      ...(host.attendeeIds && { attendeeIds: host.attendeeIds.map((id) => madeUp.attendeeId(id)) }),
      ...(host.extCallIds && { extCallIds: host.extCallIds.map((id) => madeUp.extCallId(id)) }),
    },
  };
  const all = {
    ...decisive,
    ...(hybrid && {
      hybrid: {
        ...hybrid,
        clientUrl: "https://client.example.com/",
        ...(hybrid.connectData !== undefined && { connectData: "connect" }),
        ...(hybrid.appDetection !== undefined && { appDetection: "app" }),
      },
    }),
    ...(recording && {
      recording: { number: { country: "1", area: "408", local: "5550199" }, sequence: "P1D1#P0" },
    }),
    ...(passthroughUrl !== undefined && { passthroughUrl: "https://back-end.example.com/" }),
    protocol: { ...others, ...named },
  };
  return Object.fromEntries(
    Object.entries(all).filter(
      ([name, value]) => value !== undefined && JSON.stringify(value) !== JSON.stringify(usual[name]),
    ),
  );
}
