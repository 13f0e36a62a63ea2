import { ShortNames } from "../../scripts/demo/short-names.ts";
import {
  commandLine,
  documentOf,
  elementOf,
  pairs,
  parseTranscript,
  postedLine,
  printTranscript,
  type Step,
} from "../../scripts/demo/transcript.ts";
import { type Ability, abilities } from "../../src/bridge/abilities.ts";
import { type BridgeCommand, type RefusalReason, refusalReason } from "../../src/bridge/commands.ts";
import type { BridgeCaller, ConferenceEvent, ConferenceSnapshot, EndReason } from "../../src/bridge/events.ts";
import { type ConferenceInput, decide, nextDeadline } from "../../src/conference/decide.ts";
import {
  type Decision,
  type DecisionContext,
  type Effect,
  isCommand,
  isPost,
  type Post,
} from "../../src/conference/draft.ts";
import { applyChanges, emptyState } from "../../src/conference/state.ts";
import type {
  BridgeName,
  CallId,
  CommandId,
  ConfKey,
  MsgId,
  RoomId,
  StreamId,
  TransId,
  WebexHost,
} from "../../src/foundation/ids.ts";
import { completeText } from "../../src/tsp/codec.ts";
import { testDomain } from "../local-domain.ts";

const CONF_KEY = "987654321" as ConfKey;
const BEGINNING = ["W→A W2A_CreateConference MsgID=1", "B→A done create-conference"];

/**
 * Plays a transcript on the rules alone, and returns it with what truly follows in place. README.md says what can happen in
 * one.
 */
export function play(transcript: string): string {
  const stage = new Stage();
  return printTranscript(
    parseTranscript(transcript).map((item) =>
      typeof item === "string" ? item : { ...item, follows: stage.happen(item.happens) },
    ),
  );
}

class Stage {
  readonly #state = emptyState();
  readonly #names = new ShortNames();
  #domain = testDomain();
  #cannot: readonly Ability[] = [];
  #queued: Post[] = [];
  #now = 0;
  #msgIds = 0;
  #keyings = 0;
  #serials = 0;
  #reports = 0;

  constructor() {
    this.#names.give(CONF_KEY, "KEY");
    for (let n = 1; n <= 9; n++) this.#names.give(`tsp${n}.example.com:80`, `tsp${n}`);
  }

  happen([line = "", ...more]: Step["happens"]): string[] {
    const [word = "", ...words] = line.split(/\s+/);
    const rest = words.join(" ");
    switch (word) {
      case "settings":
        this.#domain = testDomain(JSON.parse(rest));
        return [];
      case "bridge":
        this.#cannot = abilities.filter((ability) => words.includes(ability));
        return [];
      case "given":
        for (const earlier of BEGINNING) this.happen([earlier]);
        this.#queued = [];
        return [];
      case "confirmed":
        this.#queued = [];
        return [];
      case "W→A":
        return this.#decide(this.#posted([rest, ...more]));
      case "B→A":
      case "B2→A":
        return this.#decide({
          type: "bridge",
          at: this.#now,
          stream: "s" as StreamId,
          ...(word === "B2→A" && { elsewhere: "second" as BridgeName }),
          reports: [rest, ...more].map((text) => ({ number: ++this.#reports, report: this.#report(text) })),
        });
      case "operator": {
        const [, path, body = "{}"] = words;
        const type = path === "hybrid" ? "hybrid-data" : "passthrough";
        return this.#decide({ type: "operator", at: this.#now, request: { type, ...JSON.parse(body) } });
      }
      case "lost": {
        const messages = this.#queued.map(({ message }) => message);
        this.#queued = [];
        return this.#decide({ type: "undelivered", at: this.#now, messages });
      }
      case "time":
        return this.#pass(this.#now + Number(/^([\d.]+) s$/.exec(rest)?.[1]) * 1_000);
      default:
        throw new Error(`no such line in a transcript: ${line}`);
    }
  }

  /** Time goes on to `until` and stops at each moment when something is due. */
  #pass(until: number): string[] {
    const follows: string[] = [];
    for (let due = nextDeadline(this.#state); due !== null && due <= until; due = nextDeadline(this.#state)) {
      this.#now = Math.max(this.#now, due);
      const happened = this.#decide({ type: "time", at: this.#now });
      if (happened.length > 0) follows.push(`at ${this.#now / 1_000} s:`, ...happened);
      if (nextDeadline(this.#state) === due) throw new Error(`the deadline ${due} was not met`);
    }
    this.#now = until;
    return follows;
  }

  #posted(texts: readonly string[]): ConferenceInput {
    const document = documentOf(
      "1",
      texts.map((text) => elementOf(text, (_, value) => this.#names.idOf(value) ?? value)),
    );
    const decoded = this.#domain.codec.decode(new TextEncoder().encode(document));
    if (!decoded.ok) throw new Error(`${document}: ${decoded.result}`);
    return { type: "webex", at: this.#now, transId: "1" as TransId, messages: decoded.messages };
  }

  /** `done mute c1`, `refused dial (unreachable)`, or an event. */
  #report(text: string): Extract<ConferenceInput, { type: "bridge" }>["reports"][number]["report"] {
    const [word = "", ...words] = text.split(" ");
    if (word === "done") return this.#result(words, null);
    if (word !== "refused") return { type: "event", event: this.#event(word, words) };
    const reason = words.map((each) => each.replace(/[()]/g, "")).find(isRefusalReason) ?? "refused";
    return this.#result(
      words.filter((each) => each.replace(/[()]/g, "") !== reason),
      reason,
    );
  }

  /** The result of the oldest pending command of this type, and for this call or room where one is named. */
  #result([type, ...words]: readonly string[], refusal: RefusalReason | null) {
    const wanted = Object.entries(this.#fields(words));
    const pending = [...this.#state.commands.values()].find(
      ({ command }) =>
        command.type === type && wanted.every(([key, value]) => command[key as keyof BridgeCommand] === value),
    );
    if (!pending) throw new Error(`no command "${type} ${words.join(" ")}" is pending`);
    return {
      type: "result" as const,
      id: pending.id,
      result: refusal ? ({ done: false, reason: refusal } as const) : ({ done: true } as const),
    };
  }

  #event(type: string, words: readonly string[]): ConferenceEvent {
    const given = this.#fields(words);
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
        return { type, id: `keyed-${++this.#keyings}` as CommandId, call, attendeeId: given.attendeeId ?? "" };
      case "lock-changed":
        return { type, locked: given.locked === "yes" };
      case "conference-ended":
        return { type };
      case "snapshot":
        return { type, conference: words[0] === "none" ? null : this.#snapshot(words) };
      default:
        throw new Error(`no such event: ${type}`);
    }
  }

  /** `snapshot c1/muted c2/room=r1/speaking dialled=o1/answered locked`; without a speaker, speakers are not reported. */
  #snapshot(words: readonly string[]): ConferenceSnapshot {
    const real = (name: string) => this.#names.idOf(name) ?? name;
    const callers: BridgeCaller[] = [];
    const speaking: CallId[] = [];
    const dialled: { call: CallId; answered: boolean }[] = [];
    for (const word of words.filter((each) => each !== "locked")) {
      const [name = "", ...marks] = word.replace(/^\w+=/, "").split("/");
      const call = real(name) as CallId;
      const room = marks.find((mark) => mark.startsWith("room="))?.slice(5);
      if (word.startsWith("dialled=")) dialled.push({ call, answered: marks.includes("answered") });
      else {
        callers.push(
          callerFrom({ call, ...(room && { room: real(room) }), ...(marks.includes("muted") && { muted: "yes" }) }),
        );
        if (marks.includes("speaking")) speaking.push(call);
      }
    }
    const rooms = [...this.#state.rooms.keys()].map((id) => ({ id, kind: "sub" as const }));
    const reported = speaking.length > 0 ? speaking : null;
    return { locked: words.includes("locked"), speaking: reported, rooms, callers, dialled };
  }

  #decide(input: ConferenceInput): string[] {
    const context: DecisionContext = {
      confKey: CONF_KEY,
      settings: this.#domain.settings,
      msgId: () => {
        const msgId = String(900_000 + ++this.#msgIds) as MsgId;
        this.#names.give(msgId, `n${this.#msgIds}`);
        return msgId;
      },
      bridge: "simulated" as BridgeName,
      cannot: this.#cannot,
      serial: () => ++this.#serials,
      nonce: () => "n",
      unconfirmed: () => this.#queued,
    };
    const decision = decide(this.#state, input, context);
    applyChanges(this.#state, decision.changes);
    this.#queued = [
      ...this.#queued.filter(({ host }) => !decision.dropQueued.includes(host)),
      ...decision.effects.filter(isPost),
    ];
    return this.#follows(decision).map((line) => this.#names.shorten(line));
  }

  #follows({ effects, dropQueued }: Decision): string[] {
    return [
      ...dropQueued.map((host) => `what is queued for ${host} is dropped`),
      ...effects.flatMap((effect) => this.#line(effect) ?? []),
    ];
  }

  #line(effect: Effect): string | null {
    if (isCommand(effect)) return this.#commandLine(effect.command);
    if (!isPost(effect)) return `note: ${effect}`;
    if (effect.message.type === "client-data") {
      const { confKey, extConfId, extCallId, data } = effect.message;
      return `A→client ${JSON.stringify({ confKey, extConfId, extCallId, data })}`;
    }
    if (!this.#domain.codec.sends(effect.message)) return null;
    const document = completeText(this.#domain.codec.encode("1", [effect.message], effect.host as WebexHost));
    const [, element = "", attributes = ""] = /<\/TransID><(\w+)([^>]*)>/.exec(document) ?? [];
    return postedLine(effect.host, element, attributes);
  }

  #commandLine({ type, ...fields }: BridgeCommand): string {
    if ("call" in fields && fields.call.startsWith(`${CONF_KEY}.`)) this.#names.giveNext(fields.call, "o");
    if ("room" in fields && fields.room !== "main") this.#names.giveNext(fields.room, "r");
    return commandLine(type, fields);
  }

  /** `c1 reason=busy` → `{ call: …, reason: "busy" }`, with ids in place of names. */
  #fields(words: readonly string[]): Readonly<Record<string, string>> {
    const named = words.map((word) =>
      word.includes("=") ? word : `${/^[co]\d/.test(word) ? "call" : "room"}=${word}`,
    );
    return Object.fromEntries(
      Object.entries(pairs(named)).map(([key, value]) => [key, this.#names.idOf(value) ?? value]),
    );
  }
}

function isRefusalReason(text: string): text is RefusalReason {
  return refusalReason.options.some((reason) => reason === text);
}

function callerFrom(given: Readonly<Record<string, string>>): BridgeCaller {
  return {
    call: given.call as CallId,
    number: given.number ?? "",
    attendeeId: given.attendeeId ?? null,
    muted: given.muted === "yes" || given.silent === "yes",
    silent: given.silent === "yes",
    room: (given.room ?? "main") as RoomId,
    ...(given.host === "yes" && { host: true }),
  };
}
