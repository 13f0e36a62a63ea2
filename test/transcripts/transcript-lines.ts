import { type BridgeCommand, type RefusalReason, refusalReason } from "../../src/bridge/commands.ts";
import type { BridgeCaller, ConferenceEvent } from "../../src/bridge/events.ts";
import type { ConferenceInput } from "../../src/conference/inputs.ts";
import type { ConferenceState, PendingCommand } from "../../src/conference/state.ts";
import type { CallId, RoomId } from "../../src/foundation/ids.ts";
import { isRecord } from "../../src/foundation/record.ts";
import type { ShortNames } from "./short-names.ts";
import { pairs } from "./transcript.ts";

/** What the lines of a transcript say, with the ids that its names stand for. */
export class TranscriptLines {
  readonly #names: ShortNames;
  readonly #state: ConferenceState;
  #keyings = 0;

  constructor(names: ShortNames, state: ConferenceState) {
    this.#names = names;
    this.#state = state;
  }

  /** `done mute c1`, `refused dial (unreachable)`, or an event. */
  report(text: string): Extract<ConferenceInput, { type: "bridge" }>["reports"][number]["report"] {
    const [word = "", ...words] = text.split(" ");
    if (word === "done") return this.#result(words, null);
    if (word !== "refused") return { type: "event", event: this.#event(word, words) };
    const reason = words.map((each) => each.replace(/[()]/g, "")).find(isRefusalReason) ?? "refused";
    return this.#result(
      words.filter((each) => each.replace(/[()]/g, "") !== reason),
      reason,
    );
  }

  #result(words: readonly string[], refusal: RefusalReason | null) {
    return {
      type: "result" as const,
      id: this.pending(words).id,
      result: refusal ? ({ done: false, reason: refusal } as const) : ({ done: true } as const),
    };
  }

  /** The oldest pending command of this type, and for this call or room where one is named. */
  pending([type, ...words]: readonly string[]): PendingCommand {
    const wanted = Object.entries(this.fields(words));
    const pending = [...this.#state.commands.values()].find(
      ({ command }) =>
        command.type === type && wanted.every(([key, value]) => command[key as keyof BridgeCommand] === value),
    );
    if (!pending) throw new Error(`no command "${type} ${words.join(" ")}" is pending`);
    return pending;
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
    if (typeof value === "string") return this.#names.idOf(value) ?? value;
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
      Object.entries(pairs(named)).map(([key, value]) => [key, this.#names.idOf(value) ?? value]),
    );
  }
}

const yesOrNo: Readonly<Record<string, boolean>> = { yes: true, no: false };

/** What events mean that do not say it. */
const usualWords = {
  "caller-left": { reason: "hung-up" },
  "call-answered": {},
  "caller-muted": { muted: "no" },
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
