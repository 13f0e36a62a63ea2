import type { Handler, HttpAnswer, Ports } from "../ports.ts";
import type { Defects } from "./defects.ts";

export interface BridgeCall {
  readonly id: string;
  readonly direction: "in" | "out";
  readonly number: string;
  readonly extension: string | null;
  conference: string | null;
  state: "ringing" | "prompted" | "in-conference" | "ended";
  room: string | null;
  muted: boolean;
  joinTone: boolean;
  talking: boolean;
  attendeeId: string | null;
  /** What was keyed behind it. */
  readonly code: string;
  /** It keyed the subscriber code. */
  isSubscriber: boolean;
  endReason: string | null;
}

export type BridgeEvent =
  | { readonly type: "prompted"; readonly call: BridgeCall }
  | { readonly type: "answered"; readonly call: BridgeCall }
  | { readonly type: "not-answered"; readonly call: BridgeCall; readonly outcome: string }
  | { readonly type: "left"; readonly call: BridgeCall }
  | { readonly type: "muted"; readonly call: BridgeCall }
  | { readonly type: "identified"; readonly call: BridgeCall }
  | { readonly type: "talking"; readonly call: BridgeCall }
  | { readonly type: "locked"; readonly locked: boolean }
  | { readonly type: "ended" };

interface BridgeConference {
  readonly key: string;
  locked: boolean;
  reportsSpeakers: boolean;
  readonly rooms: Map<string, string>;
}

const ACT_MS = 2;
const SLOW_ACT_MS = 120;

/** The bridge of the reference adapter: in memory, with the control interface that the kit's telephones speak. */
export class ReferenceBridge {
  readonly conferences = new Map<string, BridgeConference>();
  readonly calls = new Map<string, BridgeCall>();
  /** Codes that lead into a conference as its key does. */
  readonly codes = new Map<string, { readonly key: string; readonly isSubscriber: boolean }>();
  onEvent: (confKey: string, event: BridgeEvent) => void = () => {};
  readonly #ports: Ports;
  readonly #has: Defects;
  readonly #numbers = new Map<string, { outcome: string; afterMs: number }>();
  #faults: { delayMs?: number; refuse?: readonly string[] } = {};
  #nextCall = 1;

  constructor(ports: Ports, has: Defects) {
    this.#ports = ports;
    this.#has = has;
  }

  /** Each act takes a while; `false`: refused. */
  async act(name: string): Promise<boolean> {
    const actMs = this.#has("slow-bridge") ? SLOW_ACT_MS : ACT_MS;
    await this.#ports.sleep(actMs + (this.#faults.delayMs ?? 0));
    return !this.#faults.refuse?.includes(name);
  }

  async createConference(key: string): Promise<boolean> {
    if (!(await this.act("create-conference"))) return false;
    this.conferences.set(key, { key, locked: false, reportsSpeakers: false, rooms: new Map([["main", "main"]]) });
    return true;
  }

  async endConference(key: string, keepsCallouts = false): Promise<void> {
    await this.act("end-conference");
    this.#end(key, keepsCallouts);
  }

  dial(key: string, number: string, extension: string, waitMs: number): BridgeCall {
    const call = this.#addCall("out", number, key, extension === "" ? null : extension);
    const { outcome, afterMs } = this.#numbers.get(number) ?? { outcome: "answer", afterMs: 50 };
    const ring = async () => {
      await this.#ports.sleep(outcome === "no-answer" ? waitMs : Math.min(afterMs, waitMs));
      if (call.state !== "ringing") return;
      if (outcome === "answer" && afterMs <= waitMs) return this.onEvent(key, { type: "answered", call });
      call.state = "ended";
      this.onEvent(key, { type: "not-answered", call, outcome: afterMs > waitMs ? "no-answer" : outcome });
    };
    void ring();
    return call;
  }

  async admit(call: BridgeCall, how: { readonly muted: boolean; readonly joinTone: boolean }): Promise<boolean> {
    await this.act("admit");
    if (call.state === "ended") return false;
    Object.assign(call, { state: "in-conference", room: "main", ...how });
    return true;
  }

  async move(call: BridgeCall, room: string): Promise<void> {
    await this.act("move");
    if (call.state === "in-conference") call.room = room;
  }

  async mute(call: BridgeCall, muted: boolean): Promise<void> {
    await this.act(muted ? "mute" : "unmute");
    call.muted = muted;
  }

  async expel(call: BridgeCall): Promise<void> {
    await this.act("expel");
    this.#hangUp(call, "expelled");
  }

  readonly control: Handler = async ({ method, url, body }) => {
    const [, route = "", id = "", action = ""] = url.split("/");
    const given = body === "" ? {} : JSON.parse(body);
    return this.#control(`${method} ${route} ${action}`.trim(), id, given);
  };

  // biome-ignore lint/suspicious/noExplicitAny: the bodies of the kit's own telephones.
  #control(what: string, id: string, given: any): HttpAnswer {
    const call = this.calls.get(id);
    switch (what) {
      case "GET state":
        return answer(200, this.#state());
      case "PUT faults":
        this.#faults = given;
        return answer(200, {});
      case "PUT numbers":
        this.#numbers.set(id, given);
        return answer(200, {});
      case "POST calls":
        return answer(201, { id: this.#dialIn(given.from, given.keys) });
      case "POST conferences lock": {
        const conference = this.conferences.get(id);
        if (!conference) return answer(404, { error: `there is no conference ${id}` });
        conference.locked = given.locked;
        this.onEvent(id, { type: "locked", locked: given.locked });
        return answer(200, {});
      }
      case "POST conferences end":
        this.#end(id);
        this.onEvent(id, { type: "ended" });
        return answer(200, {});
    }
    if (!call) return answer(404, { error: `there is no call ${id}` });
    if (what === "POST calls answer" && call.conference) this.onEvent(call.conference, { type: "answered", call });
    if (what === "POST calls hang-up") this.#hangUp(call, "hung-up");
    if (what === "POST calls keys") this.#press(call, given.keys);
    if (what === "POST calls talking" && call.talking !== given.talking) {
      call.talking = given.talking;
      if (!call.muted && call.conference) this.onEvent(call.conference, { type: "talking", call });
    }
    return answer(200, {});
  }

  #dialIn(number: string, keys: string): string {
    const dialled = this.#has("dial-sequences-unknown") ? keys : keys.replace(/^\*0[01]\*/, "");
    const [keyed = "", attendeeId = "", code = ""] = dialled.split("#");
    const { key, isSubscriber } = this.codes.get(keyed) ?? { key: keyed, isSubscriber: false };
    const conference = this.conferences.get(key);
    const call = this.#addCall("in", number, conference ? key : null, null, code);
    call.state = conference && !conference.locked ? "prompted" : "ended";
    call.attendeeId = attendeeId === "" ? null : attendeeId;
    call.isSubscriber = isSubscriber;
    if (call.state === "prompted") this.onEvent(key, { type: "prompted", call });
    return call.id;
  }

  #press(call: BridgeCall, keys: string): void {
    if (!call.conference || call.state !== "in-conference") return;
    const merged = /^\*1(\d+)#$/.exec(keys)?.[1];
    if (merged !== undefined) {
      call.attendeeId = merged;
      this.onEvent(call.conference, { type: "identified", call });
    } else if (keys === "*6") {
      call.muted = !call.muted;
      this.onEvent(call.conference, { type: "muted", call });
    }
  }

  #hangUp(call: BridgeCall, endReason: string): void {
    if (call.state === "ended") return;
    call.state = "ended";
    call.endReason = endReason;
    if (call.conference) this.onEvent(call.conference, { type: "left", call });
  }

  #end(key: string, keepsCallouts = false): void {
    this.conferences.delete(key);
    for (const call of this.calls.values()) {
      const ringsOn = call.state === "ringing" && this.#has("close-leaves-ringing");
      if (call.conference !== key || call.state === "ended" || ringsOn || (keepsCallouts && call.direction === "out"))
        continue;
      call.state = "ended";
      call.endReason = "conference-ended";
    }
  }

  #addCall(
    direction: "in" | "out",
    number: string,
    conference: string | null,
    extension: string | null,
    code = "",
  ): BridgeCall {
    const call: BridgeCall = {
      id: `c${this.#nextCall++}`,
      direction,
      number,
      extension,
      conference,
      state: "ringing",
      room: null,
      muted: false,
      joinTone: false,
      talking: false,
      attendeeId: null,
      code,
      isSubscriber: false,
      endReason: null,
    };
    this.calls.set(call.id, call);
    return call;
  }

  readonly #shown = (call: BridgeCall) => (this.#has("one-mixer") ? { ...call, conference: "mixer" } : call);

  /** Ended calls are soon forgotten, but for the last ones. */
  #state() {
    const ended = [...this.calls.values()].filter(({ state }) => state === "ended");
    for (const { id } of ended.slice(0, -20)) this.calls.delete(id);
    return {
      conferences: [...this.conferences.values()].map(shownConference),
      calls: [...this.calls.values()].map(this.#shown),
    };
  }
}

function shownConference({ key, locked, reportsSpeakers, rooms }: BridgeConference) {
  return { key, locked, reportsSpeakers, rooms: [...rooms].map(([id, kind]) => ({ id, kind })) };
}

function answer(status: number, body: unknown): HttpAnswer {
  return { status, body: JSON.stringify(body) };
}
