import type { BridgeCommand } from "../bridge/commands.ts";
import type { BridgeCaller, ConferenceEvent, Report } from "../bridge/events.ts";
import { singleFacts } from "../conference/facts.ts";
import type { ConferenceInput } from "../conference/inputs.ts";
import type { Outgoing } from "../conference/server/posts.ts";
import { type CommandId, MAIN_ROOM, type PhoneNumber } from "../foundation/ids.ts";
import { isRecord } from "../foundation/record.ts";
import { Replacements } from "../foundation/text/replacements.ts";
import type { TestFact, TestRow, TestRowsPage } from "../rpc/replay.ts";
import { createCodec, type WebexCodec } from "../tsp/codec.ts";
import { type FromWebex, fromWebex, type MessageSpec } from "../tsp/messages.ts";
import { bridgeNames, type DomainOf, Stage } from "./play.ts";
import { printTranscript, type Step } from "./transcript.ts";

/** A longer test is none that anybody reads. */
const MOST_ROWS = 3_000;

/**
 * The rows of a conference's journal as a transcript that plays in `test/transcripts` as it is; `null`: nothing of them can be played. It
 * begins where the rows begin, or at the first create among them, and ends where today's code decides otherwise than the journal says.
 */
export function asTest(pages: readonly TestRowsPage[], domainOf: DomainOf): string | null {
  const [first] = pages;
  if (!first) return null;
  const writer = new TestWriter(first, domainOf);
  for (const row of pages.flatMap(({ rows }) => rows)) if (!writer.add(row)) break;
  return writer.text;
}

/** A message that waits at the journal's conference, and at the played one. */
interface Waiting {
  /** As the journal names it. */
  readonly msgId: string;
  readonly played: { readonly host: string; readonly type: string; readonly msgId: string };
}

class TestWriter {
  readonly #stage: Stage;
  readonly #codec: WebexCodec;
  readonly #steps: (Step | string)[] = [];
  /** The played conference's ids of the journal's calls, rooms, commands and messages. */
  readonly #ids = new Map<string, string>();
  readonly #calls = new Replacements((place) => `c${place}`);
  readonly #rooms = new Replacements((place) => `room-${place}`);
  readonly #keyed = new Replacements((place) => `key${place}`);
  readonly #extCallIds = new Replacements(String);
  readonly #extConfIds = new Replacements((place) => String(1_000 + place));
  readonly #subConfIds = new Replacements((place) => `sub${place}`);
  readonly #servers = new Replacements((place) => `tsp${place}`);
  readonly #msgIds = new Replacements(String);
  readonly #bridges: string[] = [];
  /** By the journal's documents. */
  readonly #waiting = new Map<string, readonly Waiting[]>();
  /** Rows in which something was given up, in the order of their `lost` lines. */
  readonly #lostIn: number[] = [];
  #rows = 0;
  #at = 0;
  #actions = 0;
  #bridge: string | null = "simulated";
  #cannot = "";

  constructor({ settings }: TestRowsPage, domainOf: DomainOf) {
    this.#stage = new Stage(domainOf);
    const own = this.#settings(settings as { readonly protocol?: { readonly host?: NamedHosts } });
    if (Object.keys(own).length > 0) this.#happen([`settings ${JSON.stringify(own)}`]);
    this.#codec = createCodec(this.#stage.domain.settings.protocol, "webex");
  }

  get text(): string | null {
    if (this.#rows === 0) return null;
    const title = `# A conference as its journal has it, with made-up names and numbers: ${this.#rows} rows.`;
    return printTranscript([title, ...this.#steps, ""]);
  }

  /** False: the rest is left out. */
  add(row: TestRow): boolean {
    if (this.#rows === 0) {
      const begins = row.facts.some(({ kind }) => kind === "conference-requested");
      if (row.input === null || (row.seq > 1 && !begins)) return true;
      this.#at = row.at;
    }
    this.#rows += 1;
    this.#confirm(row);
    if (row.input && !this.#input(row, row.input)) {
      this.#steps.push(
        `# From row ${row.seq} on the journal says otherwise than what follows here: the rest is left out.`,
      );
      return false;
    }
    if (this.#rows < MOST_ROWS) return true;
    this.#steps.push(`# What follows behind row ${row.seq} is left out: it is too long.`);
    return false;
  }

  #settings({ protocol, ...others }: { readonly protocol?: { readonly host?: NamedHosts } }): object {
    const { host } = protocol ?? {};
    const extCallIds = host?.extCallIds?.map((id) => this.#extCallIds.of(id));
    return {
      ...others,
      ...(protocol && { protocol: { ...protocol, ...(extCallIds && { host: { ...host, extCallIds } }) } }),
    };
  }

  #happen(happens: readonly string[]): void {
    this.#steps.push({ happens, follows: this.#stage.happen(happens) });
  }

  #confirm({ confirmed }: TestRow): void {
    const places = this.#places(confirmed.flatMap((transId) => this.#waiting.get(transId) ?? []));
    for (const transId of confirmed) this.#waiting.delete(transId);
    if (places.length > 0) this.#happen([`confirmed ${places.join(" ")}`]);
  }

  /** Where these wait, counted from 1. */
  #places(waiting: readonly Waiting[]): readonly number[] {
    const taken = new Set<number>();
    for (const { played } of waiting) {
      const found = this.#stage.waiting.findIndex(
        ({ host, message }, index) =>
          !taken.has(index) && host === played.host && message.type === played.type && message.msgId === played.msgId,
      );
      if (found >= 0) taken.add(found);
    }
    return [...taken].map((index) => index + 1).sort((one, other) => one - other);
  }

  /** False: what followed is not what the journal says. */
  #input(row: TestRow, input: ConferenceInput): boolean {
    this.#context(row, input);
    const later = input.at - this.#at;
    if (later > 0) this.#happen([`later ${later / 1_000} s`]);
    this.#at = Math.max(this.#at, input.at);
    const happens = this.#lines(row, input);
    // Reports that were too long to be kept.
    if (happens.length === 0) return row.facts.length === 0;
    this.#happen(happens);
    return this.#isAlike(row.facts);
  }

  #lines(row: TestRow, input: ConferenceInput): readonly string[] {
    switch (input.type) {
      case "webex":
        return this.#said(
          "W→A",
          input.messages.map((message) => this.#element(message)),
        );
      case "bridge": {
        const from = input.elsewhere === undefined ? "B→A" : `B${this.#bridgePlace(input.elsewhere) + 1}→A`;
        return this.#said(
          from,
          input.reports.map(({ report }) => this.#report(report)),
        );
      }
      case "undelivered":
        this.#lostIn.push(row.seq);
        return [`lost ${this.#places(this.#lost(input.messages, input.of?.transId)).join(" ")}`];
      case "operator": {
        this.#actions += 1;
        const { request } = input;
        if (request.type === "send-again") return [`operator send-again ${this.#lostIn.indexOf(request.row) + 1}`];
        const action = { id: `a${this.#actions}`, person: "Ann", request: this.#named(request) };
        return [`operator ${JSON.stringify(action)}`];
      }
      case "reached":
        return ["reached"];
      case "time":
        return input.overdue
          ? this.#said(
              "due",
              input.overdue.map((id) => this.#commandWords(id)),
            )
          : ["due"];
    }
  }

  #said(from: string, [first, ...more]: readonly string[]): readonly string[] {
    return first === undefined ? [] : [`${from} ${first}`, ...more];
  }

  #lost(messages: readonly Outgoing[], transId: string | undefined): readonly Waiting[] {
    const waiting = this.#waiting.get(transId ?? "") ?? [];
    return waiting.filter((one) => messages.some(({ type, msgId }) => type === one.played.type && msgId === one.msgId));
  }

  #context({ bridge: then, cannot: lacks }: TestRow, { type }: ConferenceInput): void {
    const isAtBridge = type !== "time" && type !== "undelivered";
    // An only bridge is chosen with the first create.
    const bridge = then === null ? "simulated" : (bridgeNames[this.#bridgePlace(then)] ?? null);
    if (isAtBridge && bridge !== this.#bridge) this.#happen([`bridge is ${bridge ?? "none"}`]);
    if (isAtBridge) this.#bridge = bridge;
    const cannot = lacks.join(" ");
    if (type === "webex" && cannot !== this.#cannot) {
      this.#happen([`bridge cannot ${cannot}`.trim()]);
      this.#cannot = cannot;
    }
  }

  #bridgePlace(name: string): number {
    if (!this.#bridges.includes(name)) this.#bridges.push(name);
    return this.#bridges.indexOf(name);
  }

  /** Whether the journal says what followed here; by that its ids are known, too. */
  #isAlike(said: readonly TestFact[]): boolean {
    const decided = (facts: readonly TestFact[]) => facts.filter(({ kind }) => !ofOutbox.has(kind));
    const journal = decided(said);
    const played = decided(this.#stage.facts.flatMap(singleFacts) as readonly object[] as readonly TestFact[]);
    if (journal.length !== played.length) return false;
    // Each host's messages are in the same order, but for those that were gathered.
    const byHost = [...Map.groupBy(played, ({ kind, host }) => kind === "post-queued" && host).values()];
    const gathered = new Set(journal.flatMap((fact) => (fact.gathered ? [fact.type] : [])));
    const others = journal.filter((fact) => !fact.gathered);
    return [...others, ...journal.filter((fact) => fact.gathered)].every((fact) => {
      const isAlike = (own: TestFact) => own.kind === fact.kind && words.every((word) => own[word] === fact[word]);
      const own = byHost
        .flatMap((open) => open.find((one) => isAlike(one) || !gathered.has(one.type)) ?? [])
        .find(isAlike);
      if (!own) return false;
      for (const open of byHost) if (open.includes(own)) open.splice(open.indexOf(own), 1);
      for (const part of ids) {
        const [id, ownId] = [fact[part], own[part]];
        if (typeof id === "string" && typeof ownId === "string") this.#ids.set(id, ownId);
      }
      if (fact.kind === "post-queued") this.#queued(fact, own);
      return true;
    });
  }

  #queued({ transId, msgId }: TestFact, { host, type, msgId: own }: TestFact): void {
    const played = { host: String(host), type: String(type), msgId: String(own) };
    const before = this.#waiting.get(String(transId)) ?? [];
    this.#waiting.set(String(transId), [...before, { msgId: String(msgId), played }]);
  }

  /** As a transcript names a call, a room or a MsgID; `null`: it is none of the adapter's own. */
  #ownName(id: string): string | null {
    const own = this.#ids.get(id);
    return own === undefined ? null : this.#stage.nameOf(own);
  }

  #call(id: string): string {
    return this.#ownName(id) ?? this.#calls.of(id);
  }

  #room(id: string): string {
    return id === MAIN_ROOM ? id : (this.#ownName(id) ?? this.#rooms.of(id));
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
        return this.#extCallIds.of(text);
      case "conf-key":
        return "KEY";
      case "text":
        if (name === "hostExtCallId") return this.#extCallIds.of(text);
        return ["attendeeId", "hostAttendeeId", "data"].includes(name) ? value : undefined;
      default:
        return value;
    }
  }

  #report(report: Report): string {
    if (report.type === "event") return this.#event(report.event);
    const { id, result } = report;
    const how = result.done ? "done" : "refused";
    return `${how} ${this.#commandWords(id, result.done ? [] : [`(${result.reason})`])}`;
  }

  /** A word in parentheses behind a number would be taken for the name of a code. */
  #commandWords(id: CommandId, how: readonly string[] = []): string {
    const { commands } = this.#stage.state;
    const own = commands.get((this.#ids.get(id) ?? "") as CommandId);
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
    const { type } = event;
    switch (type) {
      case "caller-entered":
        return this.#entered(event.caller);
      case "caller-left":
        return `${type} ${this.#called(this.#call(event.call))}${event.reason === "hung-up" ? "" : ` reason=${event.reason}`}`;
      case "call-answered":
        return `${type} ${this.#called(this.#call(event.call))}`;
      case "caller-muted":
        return `${type} ${this.#called(this.#call(event.call))} muted=${yes(event.muted)}`;
      case "speaking-changed":
        return `${type} ${this.#called(this.#call(event.call))} speaking=${yes(event.speaking)}`;
      case "lock-changed":
        return `${type} locked=${yes(event.locked)}`;
      case "attendee-identified": {
        const called = this.#called(this.#call(event.call));
        return `${type} ${called} attendeeId=${event.attendeeId} id=${this.#keyed.of(event.id)}`;
      }
      case "conference-ended":
        return type;
      case "snapshot":
        return event.conference === null
          ? `${type} none`
          : `${type} ${JSON.stringify({ conference: this.#named(event.conference) })}`;
    }
  }

  #entered(caller: BridgeCaller): string {
    const { call, number, attendeeId, muted, silent, room, host } = caller;
    if (silent && !muted) return `caller-entered ${JSON.stringify({ caller: this.#named(caller) })}`;
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
  #named(value: unknown, name = ""): unknown {
    if (Array.isArray(value)) return value.map((one) => this.#named(one, name));
    if (isRecord(value))
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.#named(one, key)]));
    if (typeof value !== "string") return value;
    if (name === "call" || name === "speaking") return this.#call(value);
    if (name === "room" || name === "id") return this.#room(value);
    return name === "extCallId" ? this.#extCallIds.of(value) : value;
  }
}

interface NamedHosts {
  readonly extCallIds?: readonly string[];
}

/** What was being posted is not played. */
const ofOutbox: ReadonlySet<string> = new Set(["post-confirmed", "post-failed", "post-dropped", "post-given-up"]);
const words = ["type", "muted", "locked", "result", "status"] as const;
const ids = ["call", "room", "invitee", "command", "msgId"] as const;
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

function yes(is: boolean): "yes" | "no" {
  return is ? "yes" : "no";
}

function numberIn(message: FromWebex): string[] {
  return message.type === "call-out" ? [`Number=${partsOf(message.phone)}`] : [];
}

function partsOf({ country, area, local, extension }: PhoneNumber): string {
  return [country, area, local, ...(extension === "" ? [] : [extension])].join("-");
}
