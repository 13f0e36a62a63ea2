import { parseTranscript } from "../../scripts/read-transcript.ts";
import type { BridgeCaller, ConferenceSnapshot } from "../../src/bridge/events.ts";
import { nextDeadline, overdueAt } from "../../src/conference/decide.ts";
import { type OperatorRequest, operatorRefusal } from "../../src/conference/operator-actions.ts";
import type { CallId, CommandId } from "../../src/foundation/ids.ts";
import { Stage } from "../../src/transcripts/stage.ts";
import { pairs, printTranscript, type Step } from "../../src/transcripts/transcript.ts";
import { callerFrom } from "../../src/transcripts/transcript-lines.ts";

const BEGINNING = ["W→A W2A_CreateConference MsgID=1", "B→A done create-conference"];

/**
 * Plays a transcript on the rules alone, and returns it with what truly follows in place. docs/transcripts.md says what can happen in one.
 */
export function play(transcript: string, stage = new HandWritten()): string {
  return printTranscript(
    parseTranscript(transcript).map((item) =>
      typeof item === "string" ? item : { ...item, follows: stage.happen(item.happens) },
    ),
  );
}

/** A conference of a transcript that people write: besides what a journal can say it knows their short forms. */
export class HandWritten extends Stage {
  /** When the bridge was given a command. */
  readonly #begunAt = new Map<CommandId, number>();

  override happen(step: Step["happens"]): string[] {
    const [line = "", ...more] = step;
    const [word = "", ...words] = line.split(/\s+/);
    if (word === "given") {
      for (const earlier of [...BEGINNING, "confirmed"]) super.happen([earlier]);
      return [];
    }
    if (word === "time") return this.#pass(this.now + Number(/^([\d.]+) s$/.exec(words.join(" "))?.[1]) * 1_000);
    if (word === "B→A" && words[0] === "begun") return this.#begun([words.join(" "), ...more]);
    if (word === "operator" && !words[0]?.startsWith("{")) return this.#operate(words);
    const inFull = (_: string, marks: string) =>
      `snapshot ${JSON.stringify({ conference: this.#snapshot(marks.split(" ").filter(Boolean)) })}`;
    const [first = "", ...others] = step.map((text) =>
      text.replace(/(?<=^|^B\d?→A )snapshot(?! none| \{)(.*)$/, inFull),
    );
    return super.happen([first, ...others]);
  }

  /** The bridge is given these commands. */
  #begun(texts: readonly string[]): string[] {
    for (const text of texts) {
      const [word, ...words] = text.split(" ");
      if (word !== "begun") throw new Error(`what is begun has a line of its own: ${text}`);
      this.#begunAt.set(this.lines.pending(words).id, this.now);
    }
    return [];
  }

  /** Time goes on to `until` and stops at each moment when something is due. */
  #pass(until: number): string[] {
    const follows: string[] = [];
    for (let due = this.#nextDue; due !== null && due <= until; due = this.#nextDue) {
      this.#wait(due);
      const happened = this.due([...this.#overdueTimes].flatMap(([id, at]) => (at <= this.now ? [id] : [])));
      if (happened.length > 0) follows.push(`at ${this.now / 1_000} s:`, ...happened);
      if (this.#nextDue === due) throw new Error(`the deadline ${due} was not met`);
    }
    this.#wait(until);
    return follows;
  }

  #wait(until: number): void {
    if (until > this.now) super.happen([`later ${(until - this.now) / 1_000} s`]);
  }

  get #nextDue(): number | null {
    const times = [nextDeadline(this.state), ...this.#overdueTimes.values()].filter((at) => at !== null);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** When the bridge has been at work on each command for too long. */
  get #overdueTimes(): ReadonlyMap<CommandId, number> {
    const times = [...this.#begunAt].flatMap(([id, begunAt]) => {
      const pending = this.state.commands.get(id);
      const at = pending ? overdueAt(this.state, pending, begunAt) : null;
      return at === null ? [] : [[id, at] as const];
    });
    return new Map(times);
  }

  /** `POST passthrough {…}`, `PUT hybrid {…}`, or `mute c1`, `move c1 room=r1`, `call-out 1,408,5550100 muted=yes`, `send-again 1`, `end` … */
  #operate([type = "", ...words]: readonly string[]): string[] {
    const request = type === "send-again" ? this.sendAgain(Number(words[0])) : this.#request(type, words);
    const refusal = operatorRefusal(this.state, request, { settings: this.domain.settings, cannot: this.cannot });
    return refusal === null ? this.act(request) : [`refused: ${refusal}`];
  }

  #request(type: string, words: readonly string[]): OperatorRequest {
    const [path = "", body = "{}"] = words;
    if (type === "POST" || type === "PUT")
      return { type: path === "hybrid" ? "hybrid-data" : "passthrough", ...JSON.parse(body) };
    if (type !== "call-out") return { type, ...this.lines.fields(words) } as unknown as OperatorRequest;
    const [country = "", area = "", local = "", extension = ""] = path.split(",");
    const { muted, attendeeId } = pairs(words.slice(1));
    return {
      ...{ type, number: { country, area, local, extension } },
      ...(attendeeId !== undefined && { attendeeId }),
      ...(muted === "yes" && { muted: true }),
    };
  }

  /** `c1/muted c2/room=r1/speaking dialled=o1/answered locked`; without a speaker, speakers are not reported. */
  #snapshot(words: readonly string[]): ConferenceSnapshot {
    const real = (name: string) => this.lines.real(name) as string;
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
    const rooms = [...this.state.rooms.keys()].map((id) => ({ id, kind: "sub" as const }));
    const reported = speaking.length > 0 ? speaking : null;
    return { locked: words.includes("locked"), speaking: reported, rooms, callers, dialled };
  }
}
