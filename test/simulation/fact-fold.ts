import { actionsOf, type Fact, singleFacts } from "../../src/conference/facts.ts";
import type { OperatorRequest } from "../../src/conference/operator-actions.ts";
import type { ConferenceState } from "../../src/conference/state.ts";
import { assertNever } from "../../src/foundation/result.ts";
import { isNeverDialled } from "../../src/records/call-record.ts";
import { answerTypes } from "../../src/tsp/messages.ts";

const mutes = ["mute", "unmute", "caller-changed", "caller-updated", "conference-updated"];
const locks = ["lock", "unlock", "conference-changed", "conference-updated"];
const moves = ["move", "mute", "unmute", "caller-changed", "sub-conference-call-changed"];
const departures = ["expel", "cancel-dial", "caller-changed", "caller-dropped", "call-out-cancelled", "called-out"];
const ends = ["end-conference", "conference-changed"];

type Asked = OperatorRequest["type"] | "probe";

/** Commands and messages that an operator's action can lead to, those that it shares with WebEx's requests included; `null`: any. */
const consequences: Record<Asked, readonly string[] | null> = {
  passthrough: ["client-passthrough"],
  "hybrid-data": ["conference-changed"],
  mute: mutes,
  unmute: mutes,
  "mute-all": mutes,
  "unmute-all": mutes,
  lock: locks,
  unlock: locks,
  move: [...moves, "added-to-sub-conference", "removed-from-sub-conference"],
  // Of a private talk's invitee it ends the talk, and of the last one in a conference without WebEx the conference.
  expel: [...departures, ...ends, "move", "mute", "close-room"],
  "call-out": [...departures, ...ends, "dial", "admit", "caller-entered"],
  // It answers whatever was asked of the conference, and not what is asked of the next one.
  end: [...ends, "caller-changed", ...Object.values(answerTypes).filter((type) => type !== "conference-created")],
  probe: null,
};

/** A conference as its facts alone say it is: facts and state must never disagree. */
export class FactFold {
  #phase = "absent";
  #isLocked = false;
  #isAttached = true;
  #extConfId: string | null = null;
  #host: string | null = null;
  readonly #inside = new Map<
    string,
    { muted: boolean; room: string; attendeeId: string | null; extCallId: string | null }
  >();
  readonly #dialled = new Set<string>();
  readonly #rooms = new Set<string>();
  readonly #commands = new Set<string>();
  readonly #speaking = new Set<string>();
  readonly #lost = new Set<string>();
  readonly #asked = new Map<string, Asked>();
  /** Of documents that are neither confirmed nor given up, by their TransIDs. */
  readonly #queued = new Map<string, Set<string>>();

  /** What an operator has asked for. */
  ask(id: string, asked: Asked): void {
    this.#asked.set(id, asked);
  }

  /** An action answers for what it can lead to, and for nothing that happened beside it. */
  #checkActions(fact: Fact): void {
    for (const one of singleFacts(fact)) {
      if (!("type" in one)) continue;
      const named = [...("by" in one ? actionsOf(one.by) : []), ...("actions" in one ? (one.actions ?? []) : [])];
      for (const action of named) {
        const asked = this.#asked.get(action);
        const possible = asked && consequences[asked];
        if (possible !== null && !possible?.includes(one.type))
          throw new Error(`${asked} ${action} has not led to ${JSON.stringify(one)}`);
      }
    }
  }

  add(fact: Fact): void {
    if ("by" in fact && fact.by.length === 0) throw new Error(`nothing led to ${JSON.stringify(fact)}`);
    this.#checkActions(fact);
    switch (fact.kind) {
      case "conference-requested":
        this.#phase = "creating";
        [this.#extConfId, this.#host] = [fact.extConfId, fact.host];
        [this.#isLocked, this.#isAttached] = [false, true];
        return;
      case "conference-created":
        this.#phase = "running";
        return;
      case "conference-found":
        this.#phase = "running";
        [this.#extConfId, this.#host] = ["", ""];
        [this.#isLocked, this.#isAttached] = [fact.locked, false];
        return;
      case "conference-taken-over":
        [this.#extConfId, this.#host, this.#isAttached] = [fact.extConfId, fact.host, true];
        return;
      case "conference-detached":
        this.#isAttached = false;
        return;
      case "conference-not-created":
      case "conference-ended":
        this.#phase = fact.kind === "conference-ended" ? "ended" : "absent";
        this.#rooms.clear();
        this.#speaking.clear();
        return;
      case "conference-locked":
        this.#isLocked = fact.locked;
        return;
      case "call-dialled":
        this.#dialled.add(fact.call);
        return;
      case "call-not-entered":
        if (!this.#dialled.delete(fact.call) && !isNeverDialled(fact.record))
          throw new Error(`${fact.call} was not dialled`);
        return;
      case "call-entered": {
        const { call, muted, room, attendeeId, extCallId } = fact;
        if (this.#inside.has(call)) throw new Error(`${call} has entered twice`);
        if (this.#dialled.delete(call) !== (fact.direction === "out")) throw new Error(`${call}: ${fact.direction}?`);
        this.#inside.set(call, { muted, room, attendeeId, extCallId });
        return;
      }
      case "call-named": {
        const known = this.#inside.get(fact.call);
        if (known) known.extCallId = fact.extCallId; // Else it has left.
        return;
      }
      case "call-merged":
        this.#call(fact.call).attendeeId = fact.attendeeId;
        return;
      case "call-muted":
        this.#call(fact.call).muted = fact.muted;
        return;
      case "call-moved":
        this.#call(fact.call).room = fact.room;
        return;
      case "call-left":
        if (!this.#inside.delete(fact.call)) throw new Error(`${fact.call} was not inside`);
        this.#speaking.delete(fact.call);
        return;
      case "room-opened":
      case "talk-opened":
        this.#rooms.add(fact.room);
        return;
      case "room-closed":
        this.#rooms.delete(fact.room);
        return;
      case "talk-ended":
        if (!this.#rooms.delete(fact.room)) throw new Error(`the talk in ${fact.room} was not opened`);
        return;
      case "speakers-followed":
        this.#speaking.clear();
        return;
      case "speaker-changed":
        if (fact.speaking) this.#speaking.add(fact.call);
        else this.#speaking.delete(fact.call);
        return;
      case "command-issued":
        this.#commands.add(fact.command);
        return;
      case "command-done":
      case "command-failed":
        if (!this.#commands.delete(fact.command)) throw new Error(`${fact.command} was not pending`);
        return;
      case "post-queued": {
        const queued = this.#queued.get(fact.transId) ?? [];
        this.#queued.set(fact.transId, new Set([...queued, ...fact.messages.map(({ msgId }) => msgId)]));
        return;
      }
      case "post-confirmed":
        this.#queued.delete(fact.transId);
        return;
      case "post-dropped":
      case "post-given-up":
        for (const { msgId } of fact.messages) this.#queued.get(fact.transId)?.delete(msgId);
        if (this.#queued.get(fact.transId)?.size === 0) this.#queued.delete(fact.transId);
        return;
      case "server-lost":
        this.#lost.add(fact.host);
        return;
      case "server-reached":
      case "server-settled":
        // One that is replaced before it has confirmed its documents was perhaps never lost.
        if (!this.#lost.delete(fact.host) && fact.kind === "server-reached")
          throw new Error(`${fact.host} was not lost`);
        return;
      case "document-confirmed":
      case "call-answered":
      case "call-turned-away":
      case "call-name-shared":
      case "call-out-denied":
      case "command-expired":
      case "command-joined":
      case "call-not-named":
      case "message-dropped":
      case "message-owed":
      case "message-withheld":
      case "post-failed":
      case "noted":
      case "call-held":
      case "repaired":
        return;
      default:
        assertNever(fact);
    }
  }

  #call(call: string) {
    const known = this.#inside.get(call);
    if (!known) throw new Error(`${call} is not inside`);
    return known;
  }

  /** The TransID and MsgID of each message that waits to be confirmed. */
  get queued(): readonly string[] {
    return [...this.#queued].flatMap(([transId, msgIds]) => [...msgIds].map((msgId) => `${transId} ${msgId}`)).sort();
  }

  /** What of the state the facts say too, in words; both must be alike. */
  get said(): unknown {
    const isOn = this.#phase === "creating" || this.#phase === "running";
    return {
      phase: this.#phase,
      ...(isOn && { extConfId: this.#extConfId, host: this.#host }),
      ...(isOn && { attached: this.#isAttached, locked: this.#isLocked }),
      inside: Object.fromEntries([...this.#inside].sort(([one], [other]) => (one < other ? -1 : 1))),
      dialled: [...this.#dialled].sort(),
      rooms: [...this.#rooms].sort(),
      commands: [...this.#commands].sort(),
      lost: [...this.#lost].sort(),
      ...(isOn && { callers: this.#inside.size, speaking: [...this.#speaking].sort() }),
    };
  }
}

/** The same of a state. */
export function saidBy({ head, callers, callOuts, rooms, commands, outages }: ConferenceState): unknown {
  const isOn = head.phase === "creating" || head.phase === "running";
  // A conference that WebEx closes before the bridge has created it does not run yet.
  const phase = head.phase === "running" && head.life.runningAt === null ? "creating" : head.phase;
  const opening = [...commands.values()].flatMap(({ command }) =>
    command.type === "create-room" ? [command.room] : [],
  );
  const here = [...callers.values()].filter(({ left }) => !left);
  const { talk } = head.phase === "running" ? head : {};
  const talks = talk && talk.stage !== "opening" && !talk.neverOpened ? [talk.room] : [];
  return {
    phase,
    ...(isOn && { extConfId: head.extConfId, host: head.host }),
    ...(isOn && {
      attached: head.phase === "creating" || head.attached,
      locked: head.phase === "running" && head.locked,
    }),
    inside: Object.fromEntries(
      here
        .map((caller) => {
          const { call, muted, room, extCallId, attendeeId, keyedSecret } = caller;
          return [call, { muted, room, attendeeId: keyedSecret ? null : attendeeId, extCallId }] as const;
        })
        .sort(([one], [other]) => (one < other ? -1 : 1)),
    ),
    dialled: [...callOuts.keys()].sort(),
    rooms: [...[...rooms.keys()].filter((room) => !opening.includes(room)), ...talks].sort(),
    commands: [...commands.keys()].sort(),
    lost: [...outages.keys()].sort(),
    ...(isOn && {
      callers: head.life.callers,
      speaking: [...(head.phase === "running" ? (head.speech?.speaking ?? []) : [])].sort(),
    }),
  };
}
