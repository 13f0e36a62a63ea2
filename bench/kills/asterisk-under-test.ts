import { setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "ws";
import type { LocalRun } from "../../scripts/local-run.ts";
import type { ActEntry } from "../../simulators/bridge/machine.ts";
import type { VisibleState } from "../../simulators/bridge/visible-state.ts";
import type { Phone } from "../../simulators/telephones/phones.ts";
import type { CallId, CommandId, RoomId } from "../../src/foundation/ids.ts";
import type { AsteriskBridge } from "../../test/asterisk/asterisk-bridge.ts";
import { bridgeMade } from "../../test/asterisk/asterisk-state.ts";
import type { BridgeUnderTest } from "./world.ts";

/** Whoever waits longer for a key's confirmation gives up. */
const KEYS_WITHIN_MS = 10_000;
/** Whoever is not let in by then keys anew, or dials anew when hung up on: so often, and then gives up. */
const ENTERS_WITHIN_MS = 6_000;
const TRIES = 3;
/** Mixing takes 20 ms or two, a busy machine some more. */
const SOUND_COMES_WITHIN_MS = 300;
const LISTENS_MS = 200;
const SURELY_PACKETS = 4;

type VisibleCall = VisibleState["calls"][number];

/** A real Asterisk under kills: telephones make the traffic, and ARI and the telephones say what was done. */
export class AsteriskUnderTest implements BridgeUnderTest {
  /** Beyond 3 s agents take it for dead. */
  readonly slowAtMostMs = 4_000;
  readonly actsApartMs = [100, 600] as const;
  readonly #bridge: AsteriskBridge;
  readonly #run: LocalRun;
  readonly #observer: WebSocket;
  readonly #made: ActEntry[] = [];
  /** By number: each telephone has one of its own. */
  readonly #callers = new Map<string, Phone>();
  readonly #hungUp = new Set<string>();
  readonly #trying: Promise<void>[] = [];
  #fault: string | null = null;

  constructor(bridge: AsteriskBridge, run: LocalRun) {
    this.#bridge = bridge;
    this.#run = run;
    const { url, user, password } = bridge.access;
    // A user of its own application: it sees all, and takes nothing from the agents.
    this.#observer = new WebSocket(`${url.replace("http", "ws")}/events?app=judge&subscribeAll=true`, {
      auth: `${user}:${password}`,
    });
    this.#observer.on("message", (data) => {
      const event = JSON.parse(String(data));
      const made = event.type === "BridgeCreated" && bridgeMade(event.bridge);
      if (made) this.#made.push(this.#entry({ ...made, n: this.#made.length }));
    });
    this.#observer.on("close", () => {
      this.#fault = "the events of Asterisk have ended";
    });
    this.#observer.on("error", ({ message }) => {
      this.#fault = message;
    });
  }

  async callIn(from: string, keys: string, hasEntered: () => boolean): Promise<string> {
    await this.#dialAndKey(from, keys);
    this.#trying.push(this.#tryAgain(from, keys, hasEntered));
    return from;
  }

  async #tryAgain(from: string, keys: string, hasEntered: () => boolean): Promise<void> {
    for (let tries = 1; tries < TRIES; tries++) {
      await pause(ENTERS_WITHIN_MS);
      if (hasEntered() || this.#hungUp.has(from)) return;
      if (this.#callers.get(from)?.state === "up") await this.press(from, keys);
      else await this.#dialAndKey(from, keys);
    }
  }

  async #dialAndKey(from: string, keys: string): Promise<void> {
    const call = await this.#bridge.phones.call(this.#bridge.dialIn, from);
    this.#callers.set(from, call);
    // Without an agent it hears the sentence of the dialplan, and keys in vain.
    await call.until("up", KEYS_WITHIN_MS).then(
      () => this.press(from, keys),
      () => {},
    );
  }

  async callersGaveUp(): Promise<void> {
    await Promise.all(this.#trying);
  }

  async press(call: string, keys: string): Promise<void> {
    const phone = this.#callers.get(call);
    if (phone?.state === "up") await Promise.race([phone.press(keys, "info").catch(() => {}), pause(KEYS_WITHIN_MS)]);
  }

  async hangUp(call: string): Promise<void> {
    this.#hungUp.add(call);
    // An Asterisk that stands still answers late; at rest nobody may be left.
    await this.#callers
      .get(call)
      ?.hangUp()
      .catch(() => {});
  }

  async answersWith(digits: string, outcome: "answer" | "busy" | "no-answer", ringMs: number): Promise<void> {
    const outcomes = { answer: "answer", busy: 486, "no-answer": "ring" } as const;
    this.#bridge.phones.plan(digits, { ringMs, outcome: outcomes[outcome] });
  }

  /** Stands still for so long, as on a machine that is too busy. */
  async faults({ delayMs }: { readonly delayMs: number }): Promise<void> {
    const pid = this.#run.pids().asterisk;
    if (delayMs === 0 || !pid) return;
    process.kill(pid, "SIGSTOP");
    await pause(delayMs);
    process.kill(pid, "SIGCONT");
  }

  state(): Promise<VisibleState> {
    return this.#bridge.state();
  }

  /** The numbers of those in a call. */
  get telephones(): readonly string[] {
    return this.#bridge.phones.up.map(({ number }) => number);
  }

  /** Lets one caller after the other talk in each conference: who is heard is not muted, and who hears it is in its room. */
  async stateAtRest(): Promise<VisibleState> {
    const { conferences, calls } = await this.state();
    const phones = new Map(this.#bridge.phones.up.map((phone) => [phone.number, phone]));
    const heard = await Promise.all(
      conferences.map(async ({ key }) => {
        const inside = calls.filter(({ conference, state }) => conference === key && state === "in-conference");
        await Promise.all(inside.map(({ number }) => phones.get(number)?.hearsNothing()));
        const shown: VisibleCall[] = [];
        for (const call of inside) shown.push(await this.#asHeard(call, inside, phones));
        return shown;
      }),
    );
    const outside = calls.filter(({ state }) => state !== "in-conference");
    return { conferences, calls: [...outside, ...heard.flat()] };
  }

  async #asHeard(call: VisibleCall, inside: readonly VisibleCall[], phones: ReadonlyMap<string, Phone>) {
    const talker = phones.get(call.number);
    if (!talker) return { ...call, number: `${call.number}, whose telephone is not in a call,` };
    talker.talk();
    await pause(SOUND_COMES_WITHIN_MS);
    const since = performance.now();
    await pause(LISTENS_MS);
    talker.fallSilent();
    const others = inside.filter((other) => other !== call);
    const ears = others.filter(({ number }) => (phones.get(number)?.packetsOf(talker, since) ?? 0) >= SURELY_PACKETS);
    const elsewhere = ears.find(({ room }) => room !== call.room);
    const isTold = others.some(({ room }) => room === call.room);
    return {
      ...call,
      muted: isTold ? ears.length === 0 : call.muted,
      room: elsewhere ? (`${call.room} but heard in ${elsewhere.room}` as RoomId) : call.room,
    };
  }

  /** Conferences that were made, as Asterisk says, and calls out, as the telephones say: each has a number of its own. */
  async acts(): Promise<readonly ActEntry[]> {
    if (this.#fault !== null) throw new Error(this.#fault);
    const dialled = this.#bridge.phones.calledNumbers.map((number, n) =>
      this.#entry({ n, act: "dial", call: number as CallId, commandId: `call ${n}` as CommandId }),
    );
    return [...this.#made, ...dialled];
  }

  async stop(): Promise<void> {
    this.#observer.terminate();
    await this.#bridge.stop();
  }

  #entry(known: Pick<ActEntry, "n" | "act" | "commandId"> & Partial<ActEntry>): ActEntry {
    return { conference: null, room: null, call: null, outcome: "done", ...known };
  }
}
