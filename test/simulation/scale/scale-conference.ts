import type { Call } from "../../../simulators/bridge/world.ts";
import type { Draws } from "../../../simulators/draws.ts";
import type { AdapterMessage } from "../../../simulators/webex/server.ts";
import type { ConfKey, ExtCallId, ExtConfId } from "../../../src/foundation/ids.ts";
import type { Clock } from "../../kit/clock.ts";
import { type Bridges, dialIn } from "../bridge.ts";
import type { TspServers, Watch } from "./tsp-servers.ts";

interface ConferenceWorld {
  readonly clock: Clock;
  readonly draws: Draws;
  readonly servers: TspServers;
  readonly bridges: Bridges;
  failed(how: string): void;
}

/** What happens in a conference that goes on, and how often: as in the meeting of `npm run cost`, and people come and go. */
export const eventMix = { mute: 3, speech: 5, leave: 1, enter: 1 } as const;

export const callers = 10;
const callerEveryMs = 1_000;
const speechMs = 5_000;

interface Caller {
  readonly call: Call;
  extCallId: ExtCallId | null;
  isMuted: boolean;
}

/** One conference of an evening, with its callers and the server that leads it. */
export class ScaleConference {
  readonly #index: number;
  readonly #world: ConferenceWorld;
  readonly #key: ConfKey;
  readonly #callers = new Map<string, Caller>();
  /** When its server was told last that a caller is in. */
  toldAt = 0;
  #watch: Watch = "first";
  #extConfId: ExtConfId;
  #attendees = 0;
  #isEnded = false;
  /** Who left last, and whose place is free. */
  #left = 0;

  constructor(index: number, world: ConferenceWorld) {
    this.#index = index;
    this.#world = world;
    this.#key = String(900_000_000 + index) as ConfKey;
    this.#extConfId = this.#listen("1");
  }

  async begin(): Promise<void> {
    await this.#create();
    await this.#ask({ type: "update-conference", action: "report-speakers" });
    for (let caller = 0; caller < callers; caller++) {
      this.#enter();
      await this.#world.clock.wait(callerEveryMs);
    }
  }

  /** One event of the steady stretch. */
  async act(): Promise<void> {
    const { draws } = this.#world;
    const what = draws.weighted(eventMix);
    const [attendee = "", caller] = draws.pick([...this.#callers]) ?? [];
    // As many leave as enter, so that there are ten callers or nine.
    if (what === "enter" || what === "leave") {
      if (this.#left > 0) this.#enter();
      else this.#leave(attendee);
      this.#left = 1 - this.#left;
      return;
    }
    if (!caller) return;
    if (what === "speech") return this.#speak(caller);
    if (caller.extCallId === null) return this.#world.failed(`${this.#key}: ${attendee} has no name yet`);
    caller.isMuted = !caller.isMuted;
    const { extCallId, isMuted } = caller;
    await this.#ask({ type: "update-caller", extCallId, privilege: isMuted ? "listen" : "speak" });
  }

  async failOver(): Promise<void> {
    this.#watch = "second";
    this.#extConfId = this.#listen("2");
    for (const caller of this.#callers.values()) caller.extCallId = null;
    await this.#create();
  }

  async end(): Promise<void> {
    for (const attendee of [...this.#callers.keys()].slice(1)) {
      this.#leave(attendee);
      await this.#world.clock.wait(callerEveryMs);
    }
    await this.#ask({ type: "close-conference" });
    this.#isEnded = true;
  }

  /** The present server knows everybody. */
  checkTold(): void {
    const unknown = [...this.#callers.values()].filter(({ extCallId }) => extCallId === null).length;
    if (unknown > 0) this.#world.failed(`${this.#key}: its server does not know ${unknown} callers`);
  }

  checkEnded(): void {
    const isHeld = this.#world.bridges.of(this.#key).machine.world.conferences.has(this.#key);
    if (!this.#isEnded || isHeld) this.#world.failed(`${this.#key} did not end`);
  }

  #create(): Promise<void> {
    return this.#ask({ type: "create-conference", confKey: this.#key });
  }

  #ask(request: Record<string, unknown> & { readonly type: string }): Promise<void> {
    const asked = { ...request, extConfId: this.#extConfId } as Parameters<TspServers["ask"]>[2];
    return this.#world.servers.ask(this.#index, this.#watch, asked);
  }

  #enter(): void {
    const attendee = String(100 + this.#attendees++);
    const { machine } = this.#world.bridges.of(this.#key);
    const id = machine.dialIn(`1408${this.#key}${attendee}`.slice(0, 15), `${this.#key}#${attendee}#`, dialIn);
    const call = machine.world.calls.get(id);
    if (call) this.#callers.set(attendee, { call, extCallId: null, isMuted: false });
  }

  #leave(attendee: string): void {
    const caller = this.#callers.get(attendee);
    if (!caller) return;
    this.#callers.delete(attendee);
    this.#world.bridges.of(this.#key).machine.hangUp(caller.call);
  }

  async #speak({ call }: Caller): Promise<void> {
    const { machine } = this.#world.bridges.of(this.#key);
    machine.talk(call, true);
    await this.#world.clock.wait(speechMs);
    machine.talk(call, false);
  }

  #listen(watch: string): ExtConfId {
    const extConfId = `${watch}${String(this.#index).padStart(6, "0")}` as ExtConfId;
    this.#world.servers.listen(extConfId, (message) => this.#hear(extConfId, message));
    return extConfId;
  }

  /** Its server names each caller who enters. */
  #hear(extConfId: ExtConfId, message: AdapterMessage): void {
    if (message.type !== "caller-entered" || extConfId !== this.#extConfId) return;
    const { msgId, attendeeId = "" } = message;
    const extCallId = message.extCallId ?? (`${70_000 + Number(attendeeId)}` as ExtCallId);
    const caller = this.#callers.get(attendeeId ?? "");
    if (caller) caller.extCallId = extCallId;
    this.toldAt = this.#world.clock.now;
    void this.#world.servers.post(this.#index, this.#watch, { type: "caller-named", msgId, extConfId, extCallId });
  }
}
