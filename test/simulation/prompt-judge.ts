import type { Command } from "../../src/bridge/commands.ts";
import type { BridgeEvent } from "../../src/bridge/events.ts";
import type { CallId, ConfKey } from "../../src/foundation/ids.ts";
import type { Bridge, Execution } from "./bridge.ts";
import type { WorldContext } from "./context.ts";

/** What a caller has keyed at the prompt, as the bridge held the conferences when it did. */
interface Keyed {
  typed: string;
  /** The conference whose key was keyed last while it ran; `null`: none, or nobody can tell. */
  conference: ConfKey | null;
  /** That key, or an access code. */
  by: string;
  /** What was keyed behind that; `null`: nothing yet. */
  attendeeId: string | null;
  /** What was keyed behind the same key before: with that the caller may be on the way in. `null`: nothing. */
  before: string | null;
  /** True if a long silence after the key may admit it without an attendee ID. */
  wasSilent: boolean;
  /** When it ended an entry last. */
  at: number;
  /** What led nowhere when it was keyed, and when. An agent that takes over reads it anew, and it may lead somewhere by then. */
  readonly unknown: Map<string, number>;
}

/** So long an agent may go by what was created before: its command is under way, or has just been carried out. */
const staleMs = 10_000;
/** Silence after a known key that admits a caller without an attendee ID. */
const silenceMs = 10_000;

/** Judges by what the phones keyed and by what the bridge held meanwhile how callers are led in from the prompt. */
export class PromptJudge {
  readonly #context: WorldContext;
  readonly #bridge: Bridge;
  readonly #keyed = new Map<CallId, Keyed>();
  /** AnonymousIDs that a create has replaced, and when. */
  readonly #replaced: { readonly conference: ConfKey; readonly anonymousId: string | null; readonly until: number }[] =
    [];
  /** Of each conference, as its creates said. */
  readonly #anonymousIds = new Map<ConfKey, string | null>();
  /** All codes that some create has brought. */
  readonly #codes = new Set<string>();
  /** When the codes of a conference changed last. */
  #codesAt = Number.NEGATIVE_INFINITY;

  constructor(context: WorldContext, bridge: Bridge) {
    this.#context = context;
    this.#bridge = bridge;
  }

  happened(event: BridgeEvent): void {
    if (event.type === "prompted") {
      this.#keyed.set(event.call, {
        typed: "",
        conference: null,
        by: "",
        attendeeId: null,
        before: null,
        wasSilent: false,
        at: 0,
        unknown: new Map(),
      });
    } else if (event.type === "conference-ended") this.#conferenceEnded(event.conference);
    else if (event.type === "keys") {
      const keyed = this.#keyed.get(event.call);
      if (keyed) for (const key of event.keys) this.#press(keyed, key);
    }
  }

  acted({ commandId, command, conference, done }: Execution): void {
    if (!done || conference === null) return;
    if (command.type === "end-conference") this.#conferenceEnded(conference);
    if (command.type === "create-conference") this.#created(conference, command);
    if (command.type !== "admit" || !commandId.startsWith("keypad-")) return;
    const keyed = this.#keyed.get(command.call);
    const { anonymousId = null } = this.#bridge.machine.world.conferences.get(conference) ?? {};
    const since = (keyed?.at ?? this.#context.clock.now) - staleMs;
    const before = this.#replaced.filter((one) => one.conference === conference && one.until >= since);
    const isRight = [anonymousId, ...before.map((one) => one.anonymousId)].some((id) => {
      const isSilent = id !== null && id === command.attendeeId;
      return command.muted === isSilent && command.joinTone !== isSilent;
    });
    if (!isRight) this.#context.violated("a silent monitor is silent", `${command.call}: ${JSON.stringify(command)}`);
    this.#keyed.delete(command.call);
    if (!keyed || keyed.conference === null) return;
    const attendeeId = command.attendeeId ?? "";
    const isSilent = attendeeId === "" && (keyed.wasSilent || this.#context.clock.now - keyed.at >= silenceMs);
    if (keyed.conference === conference && (isSilent || (keyed.attendeeId ?? keyed.before) === attendeeId)) return;
    if (this.#wasReadAnew(keyed, conference)) return;
    const how = `${command.call} keyed ${keyed.conference} and ${keyed.attendeeId}, and is in ${conference} as ${attendeeId}`;
    this.#context.violated("a caller enters the conference that it keyed last", how);
  }

  #created(conference: ConfKey, { anonymousId, accessCodes }: Command<"create-conference">): void {
    const { now: until } = this.#context.clock;
    const before = this.#anonymousIds.get(conference);
    if (before !== undefined && before !== anonymousId) this.#replaced.push({ conference, anonymousId: before, until });
    this.#anonymousIds.set(conference, anonymousId);
    const codes = accessCodes ? [accessCodes.subscriber, accessCodes.participant] : [];
    const leadsIn = (by: string) => by === conference || codes.includes(by);
    this.#areUnclear((keyed) => keyed.conference === conference && !leadsIn(keyed.by));
    if (codes.length === 0) return;
    this.#codesAt = until;
    for (const code of codes) if (code !== null) this.#codes.add(code);
  }

  /** The conference that this key or code leads into; `null`: none. */
  #ledTo(entry: string): ConfKey | "unclear" | null {
    const { conferences } = this.#bridge.machine.world;
    if (conferences.has(entry as ConfKey)) return entry as ConfKey;
    if (this.#codes.has(entry) && this.#context.clock.now - this.#codesAt < staleMs) return "unclear";
    for (const { key, accessCodes } of conferences.values())
      if (accessCodes?.subscriber === entry || accessCodes?.participant === entry) return key;
    return null;
  }

  #press(keyed: Keyed, key: string): void {
    if (key !== "#") {
      keyed.typed = key === "*" ? key : keyed.typed + key;
      return;
    }
    const entry = keyed.typed.replace(keyed.conference === null ? "*" : /^\*1?/, "");
    keyed.typed = "";
    keyed.wasSilent = keyed.conference !== null && this.#context.clock.now - keyed.at >= silenceMs;
    keyed.at = this.#context.clock.now;
    const conference = this.#ledTo(entry);
    if (conference !== null) {
      keyed.before = keyed.by === entry ? (keyed.attendeeId ?? keyed.before) : null;
      keyed.conference = conference === "unclear" ? null : conference;
      keyed.by = entry;
      keyed.attendeeId = null;
    } else if (keyed.conference !== null) keyed.attendeeId ??= entry;
    else keyed.unknown.set(entry, keyed.at);
  }

  /** Whether it keyed this conference before that ran, and was asked for its attendee ID by an agent that came before its last entry. */
  #wasReadAnew({ unknown, at: last }: Keyed, conference: ConfKey): boolean {
    const { agentCameAt } = this.#bridge;
    return [...unknown].some(
      ([entry, at]) => this.#ledTo(entry) === conference && agentCameAt.some((came) => at < came && came <= last),
    );
  }

  #conferenceEnded(conference: ConfKey): void {
    this.#areUnclear((keyed) => keyed.conference === conference);
  }

  /** What leads in no longer: after a gap nobody can tell it from what was unknown when it was keyed. */
  #areUnclear(isSo: (keyed: Keyed) => boolean): void {
    for (const keyed of this.#keyed.values()) if (isSo(keyed)) keyed.conference = null;
  }
}
