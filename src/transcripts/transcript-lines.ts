import { type BridgeCommand, type RefusalReason, refusalReason } from "../bridge/commands.ts";
import type { BridgeCaller, ConferenceEvent, ConferenceSnapshot, EndReason } from "../bridge/events.ts";
import type { ConferenceInput } from "../conference/inputs.ts";
import type { OperatorRequest } from "../conference/operator-actions.ts";
import type { ConferenceState, PendingCommand } from "../conference/state.ts";
import type { CallId, CommandId, RoomId } from "../foundation/ids.ts";
import { isRecord } from "../foundation/record.ts";
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

  /** What an operator asks, but to send something again. */
  operatorRequest(type: string, words: readonly string[]): OperatorRequest {
    const [path = "", body = "{}"] = words;
    if (type === "POST" || type === "PUT")
      return { type: path === "hybrid" ? "hybrid-data" : "passthrough", ...JSON.parse(body) };
    if (type !== "call-out") return { type, ...this.#fields(words) } as unknown as OperatorRequest;
    const [country = "", area = "", local = "", extension = ""] = path.split(",");
    const { muted, attendeeId } = pairs(words.slice(1));
    return {
      ...{ type, number: { country, area, local, extension } },
      ...(attendeeId !== undefined && { attendeeId }),
      ...(muted === "yes" && { muted: true }),
    };
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
      id: words[0] === "gone" ? ("gone" as CommandId) : this.pending(words).id,
      result: refusal ? ({ done: false, reason: refusal } as const) : ({ done: true } as const),
    };
  }

  /** The oldest pending command of this type, and for this call or room where one is named; `nth=2`: the next one. */
  pending([type, ...words]: readonly string[]): PendingCommand {
    const { nth = "1", ...fields } = this.#fields(words);
    const wanted = Object.entries(fields);
    const fitting = [...this.#state.commands.values()].filter(
      ({ command }) =>
        command.type === type && wanted.every(([key, value]) => command[key as keyof BridgeCommand] === value),
    );
    const pending = fitting[Number(nth) - 1];
    if (!pending) throw new Error(`no command "${type} ${words.join(" ")}" is pending`);
    return pending;
  }

  #event(type: string, words: readonly string[]): ConferenceEvent {
    if (words[0]?.startsWith("{"))
      return { type, ...(this.real(JSON.parse(words.join(" "))) as object) } as ConferenceEvent;
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
        return {
          type,
          id: (given.id ?? `keyed-${++this.#keyings}`) as CommandId,
          call,
          attendeeId: given.attendeeId ?? "",
        };
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

  /** Data with ids in place of names. */
  real(value: unknown): unknown {
    if (typeof value === "string") return this.#names.idOf(value) ?? value;
    if (Array.isArray(value)) return value.map((one) => this.real(one));
    if (!isRecord(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, this.real(one)]));
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
