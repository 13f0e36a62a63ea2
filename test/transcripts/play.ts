import type { BridgeCommand, RefusalReason } from "../../src/bridge/commands.ts";
import type { BridgeCaller, ConferenceEvent, ConferenceSnapshot, EndReason } from "../../src/bridge/events.ts";
import { nextDeadline } from "../../src/conference/deadlines.ts";
import type { ConferenceInput } from "../../src/conference/decide.ts";
import { decide } from "../../src/conference/decide.ts";
import type { Decision, DecisionContext, Post } from "../../src/conference/draft.ts";
import { applyChanges, emptyState } from "../../src/conference/state.ts";
import type { BridgeName, CallId, ConfKey, MsgId, RoomId, StreamId, TransId } from "../../src/foundation/ids.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import { loadDomains } from "../../src/settings/load.ts";
import { localDomain, mergeSettings } from "../../src/settings/local-domain.ts";
import { completeText, createCodec } from "../../src/tsp/codec.ts";
import type { FromWebex, ToWebex } from "../../src/tsp/messages.ts";

const CONF_KEY = "987654321" as ConfKey;
const HOST = "tsp1.example.com:80";
const EXT_CONF_ID = "1001";
const BEGINNING = ["W→A W2A_CreateConference MsgID=1", "B→A done create-conference"];

/**
 * Plays a transcript: lines at the margin happen (`W→A` WebEx posts, `B→A` the bridge reports, `time` passes, `lost` WebEx
 * could not be reached, `operator` staff ask for something), indented lines are what follows. Returns the transcript
 * with the true consequences in place.
 */
export function play(transcript: string): string {
  const stage = new Stage();
  const played: string[] = [];
  const lines = transcript.split("\n").filter((line) => !/^\s+\S/.test(line) || /^\s+\+/.test(line));
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    played.push(line);
    if (line === "" || line.startsWith("#") || line.trimStart().startsWith("+")) continue;
    const more: string[] = [];
    while (/^\s+\+/.test(lines[index + 1 + more.length] ?? "")) {
      const extra = lines[index + 1 + more.length] ?? "";
      more.push(extra.trim().slice(1).trim());
    }
    for (const extra of more) played.push(`    + ${extra}`);
    index += more.length;
    played.push(...stage.happen(line, more).map((consequence) => `      ${consequence}`));
  }
  return played.join("\n");
}

class Stage {
  readonly #state = emptyState();
  readonly #names = new Map<string, string>();
  #settings: DomainSettings = settingsWith({});
  #codec = createCodec({});
  #queued: Post[] = [];
  #now = 0;
  #msgIds = 900_000;
  #serials = 0;
  #reports = 0;

  happen(line: string, more: readonly string[]): string[] {
    const [word = "", ...words] = line.split(/\s+/);
    const rest = words.join(" ");
    switch (word) {
      case "settings":
        this.#settings = settingsWith(JSON.parse(rest));
        this.#codec = createCodec(this.#settings.protocol);
        return [];
      case "given":
        for (const earlier of BEGINNING) this.happen(earlier, []);
        this.#queued = [];
        return [];
      case "confirmed":
        this.#queued = [];
        return [];
      case "W→A":
        return this.#decide(this.#posted([rest, ...more]));
      case "B→A":
        return this.#decide({
          type: "bridge",
          at: this.#now,
          stream: "s" as StreamId,
          reports: [rest, ...more].map((text) => ({ number: ++this.#reports, report: this.#report(text) })),
        });
      case "operator":
        return this.#decide({ type: "operator", at: this.#now, request: JSON.parse(rest) });
      case "client-data": {
        const [first] = this.#state.clientPosts.values();
        if (!first) throw new Error("no client data is under way");
        const delivered = rest === "delivered";
        return this.#decide({ type: "client-data", at: this.#now, id: first.id, attempt: first.attempts, delivered });
      }
      case "lost": {
        const messages = this.#queued.map(({ message }) => message);
        this.#queued = [];
        return this.#decide({ type: "undelivered", at: this.#now, messages });
      }
      case "time":
        return this.#pass(this.#now + Number(/^\+([\d.]+)s$/.exec(rest)?.[1]) * 1_000);
      default:
        throw new Error(`no such line in a transcript: ${line}`);
    }
  }

  /** Time goes on to `until` and stops at each moment when something is due. */
  #pass(until: number): string[] {
    const consequences: string[] = [];
    for (let due = nextDeadline(this.#state); due !== null && due <= until; due = nextDeadline(this.#state)) {
      this.#now = Math.max(this.#now, due);
      const happened = this.#decide({ type: "time", at: this.#now });
      if (happened.length > 0) consequences.push(`at ${this.#now / 1_000} s:`, ...happened);
      if (nextDeadline(this.#state) === due) throw new Error(`the deadline ${due} was not met`);
    }
    this.#now = until;
    return consequences;
  }

  #posted(texts: readonly string[]): ConferenceInput {
    const elements = texts.map((text) => {
      const [element = "", ...words] = text.split(" ");
      const given = pairs(words);
      const needs = element !== "W2A_RspNotifyUserEnter";
      const attributes = {
        ...(needs && { WbxHostName: HOST, ExtConfID: EXT_CONF_ID }),
        ...(element === "W2A_CreateConference" && { ConfKey: CONF_KEY }),
        ...(element === "W2A_Callout" && { Privilege: "0" }),
        ...given,
      };
      const children = element === "W2A_Callout" ? PHONE : "";
      const written = Object.entries(attributes).map(([name, value]) => ` ${name}="${value}"`);
      return `<${element}${written.join("")}>${children}</${element}>`;
    });
    const document = `<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>1</TransID>${elements.join("")}</WbxTSPSchema>`;
    const decoded = this.#codec.decode(new TextEncoder().encode(document));
    if (!decoded.ok) throw new Error(`${document}: ${decoded.result}`);
    const messages: readonly FromWebex[] = decoded.messages;
    return { type: "webex", at: this.#now, transId: "1" as TransId, messages };
  }

  #report(text: string): Extract<ConferenceInput, { type: "bridge" }>["reports"][number]["report"] {
    const [word = "", ...words] = text.split(" ");
    if (word === "done") return this.#result(words, null);
    if (word === "refused") return this.#result(words.slice(1), words[0] as RefusalReason);
    return { type: "event", event: this.#event(word, words) };
  }

  /** The result of the oldest pending order of this type, and for this call or room where one is named. */
  #result([type, ...words]: readonly string[], refusal: RefusalReason | null) {
    const wanted = this.#realNames(pairs(words));
    const order = [...this.#state.commands.values()].find(
      ({ command }) =>
        command.type === type &&
        Object.entries(wanted).every(([key, value]) => command[key as keyof BridgeCommand] === value),
    );
    if (!order) throw new Error(`no order "${type} ${words.join(" ")}" is pending`);
    return {
      type: "result" as const,
      id: order.id,
      result: refusal ? ({ done: false, reason: refusal } as const) : ({ done: true } as const),
    };
  }

  #event(type: string, words: readonly string[]): ConferenceEvent {
    const given = this.#realNames(pairs(words));
    const call = given.call as CallId;
    switch (type) {
      case "caller-entered":
        return { type, caller: callerFrom(given) };
      case "caller-left":
        return { type, call, reason: (given.reason ?? "hung-up") as EndReason };
      case "call-answered":
        return { type, call };
      case "caller-muted":
        return { type, call, muted: given.muted === "yes" };
      case "speaking-changed":
        return { type, call, speaking: given.speaking === "yes" };
      case "attendee-identified":
        return { type, call, attendeeId: given.attendeeId ?? "" };
      case "lock-changed":
        return { type, locked: given.locked === "yes" };
      case "conference-ended":
        return { type };
      case "snapshot":
        return { type, conference: words[0] === "none" ? null : this.#snapshot(words) };
      default:
        throw new Error(`no such report: ${type}`);
    }
  }

  /** `snapshot call=c1/muted call=c2/room=r1/speaking dialled=o1 locked` */
  #snapshot(words: readonly string[]): ConferenceSnapshot {
    const real = (name: string) => this.#realNames({ call: name }).call ?? name;
    const callers = words.flatMap((word) => {
      const [key, rest = ""] = word.split(/=(.*)/);
      if (key !== "call") return [];
      const [name = "", ...marks] = rest.split("/");
      const room = marks.find((mark) => mark.startsWith("room="))?.slice(5);
      return [
        callerFrom({
          call: real(name),
          ...(room && { room: real(room) }),
          ...(marks.includes("muted") && { muted: "yes" }),
        }),
      ];
    });
    const speaking = words.flatMap((word) =>
      /^call=.*[/]speaking/.test(word) ? [real(word.slice(5).split("/")[0] ?? "") as CallId] : [],
    );
    const dialled = words.flatMap((word) => {
      const [key, rest = ""] = word.split("=");
      const [name = "", mark] = rest.split("/");
      return key === "dialled" ? [{ call: real(name) as CallId, answered: mark === "answered" }] : [];
    });
    const rooms = [...this.#state.rooms.keys()].map((id) => ({ id, kind: "sub" as const }));
    return { locked: words.includes("locked"), speaking, rooms, callers, dialled };
  }

  #decide(input: ConferenceInput): string[] {
    const around: DecisionContext = {
      confKey: CONF_KEY,
      settings: this.#settings,
      msgId: () => String(++this.#msgIds) as MsgId,
      bridge: "simulated" as BridgeName,
      serial: () => ++this.#serials,
      unconfirmed: () => this.#queued,
    };
    const decision = decide(this.#state, input, around);
    applyChanges(this.#state, decision.changes);
    this.#queued = [...this.#queued.filter(({ host }) => !decision.dropQueued.includes(host)), ...decision.posts];
    return this.#written(decision);
  }

  #written({ changes, commands, posts, dropQueued, notes }: Decision): string[] {
    const lines: string[] = [];
    for (const host of dropQueued) lines.push(`what is queued for ${host} is dropped`);
    for (const { command } of commands) lines.push(`A→B ${this.#order(command)}`);
    for (const { host, message } of posts)
      if (this.#codec.sends(message)) lines.push(`A→W ${host} ${this.#message(message)}`);
    for (const post of changes.clientPosts.values()) {
      if (post?.underWay) lines.push(`A→client back end ${JSON.stringify(post.body)}`);
    }
    for (const note of notes) lines.push(`note: ${this.#shortNames(note)}`);
    return lines;
  }

  #order({ type, ...fields }: BridgeCommand): string {
    const words = Object.entries(fields).map(([key, value]) => {
      const text = typeof value === "object" && value ? Object.values(value).filter(Boolean).join("-") : String(value);
      if (key === "call" && text.startsWith(`${CONF_KEY}.`)) this.#name(text, "o");
      if (key === "room" && text !== "main") this.#name(text, "r");
      return `${key}=${text}`;
    });
    return this.#shortNames([type, ...words].join(" "));
  }

  #message(message: ToWebex): string {
    const xml = completeText(this.#codec.encode("1", [message]));
    const element = /<\/TransID><(\w+)([^>]*)>/.exec(xml);
    return `${element?.[1]}${(element?.[2] ?? "").replaceAll('"', "")}`;
  }

  /** Ids that the conference makes up are long; a transcript calls them o1 (calls dialled) and r1 (rooms). */
  #name(id: string, letter: string): void {
    const count = [...this.#names.values()].filter((name) => name.startsWith(letter)).length;
    if (!this.#names.has(id)) this.#names.set(id, `${letter}${count + 1}`);
  }

  #shortNames(text: string): string {
    let short = text;
    for (const [id, name] of this.#names) short = short.replaceAll(id, name);
    return short;
  }

  #realNames(given: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    const ids = new Map([...this.#names].map(([id, name]) => [name, id]));
    return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, ids.get(value) ?? value]));
  }
}

const PHONE =
  "<PhoneNum><CountryCode>1</CountryCode><AreaCode>408</AreaCode><LocalNumber>5550123</LocalNumber></PhoneNum>";

function pairs(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(words.map((word) => word.split(/=(.*)/).slice(0, 2) as [string, string]));
}

function callerFrom(given: Readonly<Record<string, string>>): BridgeCaller {
  return {
    call: given.call as CallId,
    direction: "in",
    number: given.number ?? "",
    attendeeId: given.attendeeId ?? null,
    muted: given.muted === "yes" || given.silent === "yes",
    silent: given.silent === "yes",
    room: (given.room ?? "main") as RoomId,
  };
}

function settingsWith(overrides: object): DomainSettings {
  const agents = [{ name: "agent-1", publicKey: "A".repeat(43) }];
  const domains = loadDomains(JSON.stringify({ local: mergeSettings(localDomain({ agents }), overrides) }));
  if (!domains.ok) throw new Error(domains.error);
  const [settings] = [...domains.value.values()];
  if (!settings) throw new Error("no domain");
  return settings;
}
