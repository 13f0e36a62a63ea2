import { type BridgeCommand, type RefusalReason, refusalReason } from "../../src/bridge/commands.ts";
import type { BridgeCaller, ConferenceEvent, ConferenceSnapshot, Report } from "../../src/bridge/events.ts";
import type { OperatorRequest } from "../../src/conference/operator-actions.ts";
import type { ConferenceState, PendingCommand } from "../../src/conference/state.ts";
import type { CallId, ConfKey, RoomId } from "../../src/foundation/ids.ts";
import { isRecord } from "../../src/foundation/record.ts";
import type { Domain } from "../../src/settings/load.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { ShortNames } from "./short-names.ts";
import { commandLine, documentOf, elementOf, pairs, postedLine } from "./transcript.ts";

/** The conference of each transcript. */
export const CONF_KEY = "987654321" as ConfKey;

/** What the lines of a transcript say, with the ids that its names stand for. */
export class TranscriptLines {
  readonly names = new ShortNames();
  /** Current state. */
  readonly #state: () => Pick<ConferenceState, "commands" | "rooms">;
  #keyings = 0;

  constructor(state: () => Pick<ConferenceState, "commands" | "rooms">) {
    this.#state = state;
    this.names.give(CONF_KEY, "KEY");
  }

  /** Parses the messages of one document of WebEx. */
  posted(texts: readonly string[], { codec }: Domain): readonly FromWebex[] {
    const document = documentOf(
      "1",
      texts.map((text) => elementOf(text, (_, value) => this.#named(value))),
    );
    const decoded = codec.decode(new TextEncoder().encode(document));
    if (!decoded.ok) throw new Error(`${document}: ${decoded.result}`);
    return decoded.messages;
  }

  /** What a name stands for; a server has it from its first message on. */
  #named(name: string): string {
    if (/^tsp\d+$/.test(name) && this.names.idOf(name) === undefined) this.names.give(`${name}.example.com:80`, name);
    return this.names.idOf(name) ?? name;
  }

  /** An operator's request: `POST passthrough {…}`, `mute c1`, `call-out 1,408,5550100 muted=yes`, `end` … */
  request(type: string, words: readonly string[]): OperatorRequest {
    const [path = "", body = "{}"] = words;
    if (type === "POST" || type === "PUT")
      return { type: path === "hybrid" ? "hybrid-data" : "passthrough", ...JSON.parse(body) };
    if (type !== "call-out") return { type, ...this.fields(words) } as unknown as OperatorRequest;
    const [country = "", area = "", local = "", extension = ""] = path.split(",");
    const { muted, attendeeId } = pairs(words.slice(1));
    return {
      type,
      number: { country, area, local, extension },
      ...(attendeeId !== undefined && { attendeeId }),
      ...(muted === "yes" && { muted: true }),
    };
  }

  /** The lines of a document posted to this server. */
  document(server: string, text: string): readonly string[] {
    const [, content = ""] = /<\/TransID>(.*)<\/\w+>/s.exec(text) ?? [];
    return Array.from(content.matchAll(/<(A2W_\w+)([^>]*)>/g), ([, element = "", attributes = ""]) =>
      postedLine(server, element, attributes),
    );
  }

  command({ type, ...fields }: BridgeCommand): string {
    if ("call" in fields && fields.call.startsWith(`${CONF_KEY}.`)) this.names.giveNext(fields.call, "o");
    if ("room" in fields && fields.room !== "main") this.names.giveNext(fields.room, "r");
    return commandLine(type, fields);
  }

  /** `done mute c1`, `refused dial (unreachable)`, or an event. `inside=c1/8000`: c1 was inside for 8 s. */
  report(line: string): Report {
    const [, text = line, call, ms] = /^(.*) inside=(\w+)\/(\d+)$/.exec(line) ?? [];
    const inside = call === undefined ? {} : { inside: [{ call: this.real(call) as CallId, ms: Number(ms) }] };
    return { ...this.#report(this.#inFull(text)), ...inside };
  }

  #report(text: string): Report {
    const [word = "", ...words] = text.split(" ");
    if (word === "done") return this.#result(words, null);
    if (word !== "refused") return { type: "event", event: this.#event(word, words) };
    const reason = words.map((each) => each.replace(/[()]/g, "")).find(isRefusalReason) ?? "refused";
    return this.#result(
      words.filter((each) => each.replace(/[()]/g, "") !== reason),
      reason,
    );
  }

  #result(words: readonly string[], refusal: RefusalReason | null): Report {
    return {
      type: "result",
      id: this.pending(words).id,
      result: refusal ? { done: false, reason: refusal } : { done: true },
    };
  }

  /** The oldest pending command of this type, and for this call or room where one is named. */
  pending([type, ...words]: readonly string[]): PendingCommand {
    const wanted = Object.entries(this.fields(words));
    const pending = [...this.#state().commands.values()].find(
      ({ command }) =>
        command.type === type && wanted.every(([key, value]) => command[key as keyof BridgeCommand] === value),
    );
    if (!pending) {
      const all = [...this.#state().commands.values()].map(({ command }) => command.type);
      throw new Error(`No command "${[type, ...words].join(" ")}" is pending, but: ${all.join(", ") || "none"}.`);
    }
    return pending;
  }

  /** A short snapshot with all that it means. */
  #inFull(text: string): string {
    const [, marks] = /^snapshot(?! none| \{)(.*)$/.exec(text) ?? [];
    if (marks === undefined) return text;
    return `snapshot ${JSON.stringify({ conference: this.#snapshot(marks.split(" ").filter(Boolean)) })}`;
  }

  /** `c1/muted c2/room=r1/speaking dialled=o1/answered locked`; without a speaker, speakers are not reported. */
  #snapshot(words: readonly string[]): ConferenceSnapshot {
    const real = (name: string) => this.real(name) as string;
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
    const rooms = [...this.#state().rooms.keys()].map((id) => ({ id, kind: "sub" as const }));
    const reported = speaking.length > 0 ? speaking : null;
    return { locked: words.includes("locked"), speaking: reported, rooms, callers, dialled };
  }

  #event(type: string, words: readonly string[]): ConferenceEvent {
    if (words[0]?.startsWith("{"))
      return { type, ...(this.real(JSON.parse(words.join(" "))) as object) } as ConferenceEvent;
    if (type === "snapshot") return { type, conference: null };
    const given = this.fields(words);
    if (type === "caller-entered") return { type, caller: callerFrom(given) };
    const usual = usualWords[type as keyof typeof usualWords];
    if (!usual) throw new Error(`no such event: ${type}`);
    const id = type === "attendee-identified" && { id: `keyed-${++this.#keyings}` };
    const fields = Object.entries({ ...usual, ...id, ...given }).map(([name, text]) => [
      name,
      text in yesOrNo ? yesOrNo[text] : text,
    ]);
    return { type, ...Object.fromEntries(fields) } as ConferenceEvent;
  }

  /** Data with ids in place of names. */
  real(value: unknown): unknown {
    if (typeof value === "string") return this.names.idOf(value) ?? value;
    if (Array.isArray(value)) return value.map((one) => this.real(one));
    if (!isRecord(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, this.real(one)]));
  }

  /** `c1 reason=busy` → `{ call: …, reason: "busy" }`, with ids in place of names. */
  fields(words: readonly string[]): Readonly<Record<string, string>> {
    const named = words.map((word) =>
      word.includes("=") ? word : `${/^[co]\d/.test(word) ? "call" : "room"}=${word}`,
    );
    return Object.fromEntries(
      Object.entries(pairs(named)).map(([key, value]) => [key, this.names.idOf(value) ?? value]),
    );
  }
}

const yesOrNo: Readonly<Record<string, boolean>> = { yes: true, no: false };

/** What events mean that do not say it. */
const usualWords = {
  "caller-left": { reason: "hung-up" },
  "call-answered": {},
  "caller-muted": { muted: "no" },
  "caller-held": { on: "no" },
  "speaking-changed": { speaking: "no" },
  "attendee-identified": { attendeeId: "" },
  "lock-changed": { locked: "no" },
  "conference-ended": {},
} as const satisfies Partial<Record<ConferenceEvent["type"], object>>;

function isRefusalReason(text: string): text is RefusalReason {
  return refusalReason.options.some((reason) => reason === text);
}

export function callerFrom(given: Readonly<Record<string, string>>): BridgeCaller {
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
