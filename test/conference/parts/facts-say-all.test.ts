import { readdirSync, readFileSync } from "node:fs";
import * as v from "valibot";
import { expect, test } from "vitest";
import { type Fact, facts } from "../../../src/conference/facts.ts";
import { head, type Life, namedAs } from "../../../src/conference/head.ts";
import type { ConferenceInput } from "../../../src/conference/inputs.ts";
import { caller, callOut, pendingCommand, subConference } from "../../../src/conference/state.ts";
import { play, Stage } from "../../transcripts/stage.ts";

const folder = new URL("../../transcripts/", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".txt"));

const noCounts = { mostCallers: 0, calls: 0, callMinutes: 0 };

/** What a reader of facts alone takes a conference for. */
class Seen {
  readonly inside = new Map<string, object>();
  readonly dialled = new Map<string, boolean>();
  readonly rooms = new Set<string>();
  talk: string | null = null;
  follows = false;
  speaking = new Set<string>();
  locked = false;
  life = { ...noCounts };

  read(fact: Fact): void {
    const inside = (call: string, more: object) => this.inside.set(call, { ...this.inside.get(call), ...more });
    switch (fact.kind) {
      case "conference-requested":
        this.life = { ...noCounts };
        return;
      case "conference-found":
      case "conference-locked":
        this.locked = fact.locked;
        return;
      case "conference-ended":
        this.rooms.clear();
        this.talk = null;
        this.locked = false;
        this.life = { ...noCounts };
        return this.#followNobody(false);
      case "speakers-followed":
        return this.#followNobody(fact.on);
      case "speaker-changed":
        if (fact.speaking) this.speaking.add(fact.call);
        else this.speaking.delete(fact.call);
        return;
      case "call-dialled":
        this.dialled.set(fact.call, false);
        return;
      case "call-answered":
        this.dialled.set(fact.call, true);
        return;
      case "call-entered": {
        const { call, attendeeId, extCallId, muted, room, participantType } = fact;
        this.dialled.delete(call);
        inside(call, { attendeeId, extCallId, muted, room, participantType });
        this.life.mostCallers = Math.max(this.life.mostCallers, this.inside.size);
        return;
      }
      case "call-named":
        if (this.inside.has(fact.call)) inside(fact.call, { extCallId: fact.extCallId });
        return;
      case "call-merged":
        return void inside(fact.call, { attendeeId: fact.attendeeId });
      case "call-muted":
        return void inside(fact.call, { muted: fact.muted });
      case "call-moved":
        return void inside(fact.call, { room: fact.room });
      case "call-left":
      case "call-not-entered":
        this.inside.delete(fact.call);
        this.dialled.delete(fact.call);
        this.speaking.delete(fact.call);
        this.life.calls += 1;
        this.life.callMinutes += fact.record.minutes;
        return;
      case "room-opened":
        this.rooms.add(fact.room);
        return;
      case "room-closed":
        this.rooms.delete(fact.room);
        return;
      case "talk-opened":
        this.talk = fact.room;
        return;
      case "talk-ended":
        if (this.talk === fact.room) this.talk = null;
        return;
    }
  }

  #followNobody(on: boolean): void {
    this.follows = on;
    this.speaking = new Set();
  }
}

class Watched extends Stage {
  readonly #seen = new Seen();

  override decide(input: ConferenceInput): string[] {
    const lines = super.decide(input);
    for (const fact of this.facts) {
      const entries: v.ObjectEntries = { kind: v.string(), ...facts[fact.kind].entries };
      whole(v.object(entries), fact);
      this.#seen.read(fact);
    }
    this.#compare();
    return lines;
  }

  #compare(): void {
    const { state } = this;
    whole(head, state.head);
    for (const one of state.callers.values()) whole(caller, one);
    for (const one of state.callOuts.values()) whole(callOut, one);
    for (const one of state.rooms.values()) whole(subConference, one);
    for (const one of state.commands.values()) whole(pendingCommand, one);
    for (const one of this.waiting) expect(JSON.parse(JSON.stringify(one))).toStrictEqual(one);

    const present = [...state.callers.values()].filter(({ left }) => !left);
    const seen = this.#seen;
    const { talk, speech, locked = false, life } = { ...(state.head.phase === "running" ? state.head : null) };
    const isOpen = ({ room }: { room: string }) =>
      ![...state.commands.values()].some(({ command }) => command.type === "create-room" && command.room === room);
    expect(shown(seen)).toEqual({
      inside: Object.fromEntries(
        present.map((one) => {
          const { extCallId, muted, room, participantType } = one;
          return [one.call, { attendeeId: namedAs(one, state.head), extCallId, muted, room, participantType }];
        }),
      ),
      dialled: Object.fromEntries(
        [...state.callOuts.values()].map(({ call, history }) => [call, history.answeredAt !== undefined]),
      ),
      rooms: [...state.rooms.values()].flatMap((one) => (isOpen(one) ? [one.room] : [])),
      talk: talk && talk.stage !== "opening" && !talk.neverOpened ? talk.room : null,
      follows: speech !== undefined,
      speaking: [...(speech?.speaking ?? [])].sort(),
      locked,
    });
    if (life) expect(countsIn(life)).toEqual({ ...seen.life, callers: seen.inside.size });
  }
}

function shown({ inside, dialled, rooms, talk, follows, speaking, locked }: Seen) {
  return {
    ...{ inside: Object.fromEntries(inside), dialled: Object.fromEntries(dialled), rooms: [...rooms] },
    ...{ talk, follows, speaking: [...speaking].sort(), locked },
  };
}

function countsIn({ callers, mostCallers, calls, callMinutes }: Life) {
  return { callers, mostCallers, calls, callMinutes };
}

/** It is what its schema says, with nothing besides, and survives the disk. */
function whole(schema: v.GenericSchema, value: unknown): void {
  expect(v.parse(schema, value)).toStrictEqual(value);
  expect(JSON.parse(JSON.stringify(value))).toStrictEqual(value);
}

test.each(files)("facts say all that the state has, and both are as their schemas say: %s", (name) => {
  play(readFileSync(new URL(name, folder), "utf8"), new Watched());
});
