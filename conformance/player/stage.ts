import { setTimeout as pause } from "node:timers/promises";
import { answerTo } from "../messages.ts";
import type { CallId, Telephones } from "../telephones/telephones.ts";
import { type Message, writeDocument } from "../xml.ts";
import { type Caller, Conference, type Person } from "./conference.ts";
import { BrokenOff, NotAsDocumented, NotTestable } from "./outcome.ts";
import { People } from "./people.ts";
import { type Arrival, type Behaviour, type Posted, type Received, type TraceEntry, titleOf } from "./traffic.ts";
import type { Http, Webex } from "./webex.ts";

export interface StageOptions {
  /** How long a clause waits for what must come. */
  readonly patienceMs: number;
  /** How long nothing must come, to conclude that nothing comes. */
  readonly quietMs: number;
  /** What callers enter to mute themselves, and before an attendee ID; `none` if they cannot. */
  readonly muteKeys: string;
  readonly mergeKeys: string;
  /** Aborted when the run is broken off: what is played ends at its next step. */
  readonly stop: AbortSignal;
  /** What callers enter to join, with `{key}` and `{attendee}`. */
  readonly dialKeys: string;
  /** The same for a host. If absent, nobody knows whom the adapter takes for the host. */
  readonly hostKeys?: string;
  /** URL of the page of telephone numbers, with its variables. */
  readonly globalNumbers?: string;
  /** How many conferences a minute are created, and for how long. */
  readonly load: { readonly perMinute: number; readonly minutes: number } | undefined;
}

export type Writer = (transId: string, messages: readonly Message[]) => string;

type Spelling = Http & { readonly server?: number; readonly transId?: string };

/** Numbers that no two clauses share. */
export interface Numbers {
  next(): number;
  /** Five digits that begin the keys of a run, different for runs within a day. */
  readonly run: string;
}

/** A caller who dialled in. */
export interface Dial extends Person {
  readonly call: CallId;
  readonly startedAt: number;
  /** When all digits were entered; `null` if unknown. */
  readonly keyedAt: number | null;
  entered?: Received;
}

/** What a message must be like, by attribute: a value or a pattern; `undefined` if it must be absent. */
export type Fits = Readonly<Record<string, string | RegExp | undefined>>;

export interface Wait {
  readonly after?: number;
  readonly withinMs?: number;
}

/** Says which conference, call or request is meant; every other attribute says something about it. */
const identities: ReadonlySet<string> = new Set(["MsgID", "ExtConfID", "ExtCallID", "SubConfID", "ConfKey"]);

/** The stage of one clause: the TSP servers, the telephones, and what came. */
export class Stage {
  readonly id: string;
  readonly webex: Webex;
  readonly options: StageOptions;
  readonly numbers: Numbers;
  readonly people: People;
  readonly entries: TraceEntry[] = [];
  /** Every message that was confirmed, in order. */
  readonly received: Received[] = [];
  /** Posts that were not confirmed, and repeats. */
  readonly noticed: Arrival[] = [];
  readonly conferences: Conference[] = [];
  readonly dials: Dial[] = [];
  /** The answers to call-outs, and the entries that follow. */
  readonly called: { readonly answered: Received; readonly entered: Received }[] = [];
  /** A server failed, or another one took over: documented times do not apply. */
  isDisturbed = false;
  /** Whether WebEx answers A2W_NotifyUserEnter. */
  names = true;
  /** The name that WebEx gives to a call that has one. */
  rename: (extCallId: string) => string = (extCallId) => extCallId;
  readonly #behaviours = new Map<number, (arrival: Arrival) => Behaviour>();
  /** Messages that no step of the clause has received yet. */
  readonly #open: Received[] = [];
  #changed = Promise.withResolvers<true>();
  readonly #namings = new Map<Received, Promise<string>>();
  #isCleaning = false;

  constructor(id: string, webex: Webex, telephones: Telephones | null, numbers: Numbers, options: StageOptions) {
    this.id = id;
    this.webex = webex;
    this.options = options;
    this.numbers = numbers;
    this.people = new People(this, telephones);
  }

  /** Rejects when the run is broken off. */
  pause(ms: number): Promise<void> {
    return pause(ms, undefined, this.#isCleaning ? {} : { signal: this.options.stop });
  }

  /** Waits until what was confirmed has probably been carried out. */
  quiet(): Promise<void> {
    return this.pause(this.options.quietMs);
  }

  /** A conference that the adapter does not know yet. */
  newConference(server = 1): Conference {
    const conference = new Conference(this, server);
    this.conferences.push(conference);
    return conference;
  }

  /** A running conference. */
  async conference(attributes: Readonly<Record<string, string>> = {}): Promise<Conference> {
    const conference = this.newConference();
    await conference.create(attributes);
    return conference;
  }

  /** A running conference with so many callers. */
  async conferenceOf(callers: 1): Promise<readonly [Conference, Caller]>;
  async conferenceOf(callers: 2): Promise<readonly [Conference, Caller, Caller]>;
  async conferenceOf(callers: 3): Promise<readonly [Conference, Caller, Caller, Caller]>;
  async conferenceOf(callers: number): Promise<readonly unknown[]> {
    const conference = await this.conference();
    const entered: Caller[] = [];
    while (entered.length < callers) entered.push(await conference.callIn());
    return [conference, ...entered];
  }

  get isBrokenOff(): boolean {
    return this.options.stop.aborted;
  }

  /** Throws if the run was broken off, except while cleaning up. */
  goesOn(): void {
    if (this.isBrokenOff && !this.#isCleaning) throw new BrokenOff();
  }

  /** Posts are confirmed again, and go out even if the run was broken off. */
  cleansUp(): void {
    this.#isCleaning = true;
    this.heal();
  }

  /** Posts one document, after a time-out twice more, whatever the Confirmation. */
  post(messages: readonly Message[], server = 1): Promise<Posted> {
    return this.postAs(messages, writeDocument, { server, attempts: 3 });
  }

  /** Posts one document that must be confirmed with 0. */
  async posts(messages: readonly Message[], server = 1): Promise<Posted> {
    const posted = await this.post(messages, server);
    this.confirmed(posted);
    return posted;
  }

  /** Posts a document once, in a spelling of its own. */
  postAs(messages: readonly Message[], write: Writer, how: Spelling = {}): Promise<Posted> {
    this.goesOn();
    const { server = 1, transId = this.webex.ids(server).transId(), ...http } = how;
    return this.webex.post(this, { server, transId, messages, text: write(transId, messages) }, http);
  }

  /** The same document again, as after a time-out. */
  again({ text, transId, messages, server }: Posted): Promise<Posted> {
    return this.postAs(messages, () => text, { server, transId, attempts: 3 });
  }

  confirmed(posted: Posted): void {
    const { confirmation, transId, messages } = posted;
    const result = this.#resultOf(posted);
    if (result !== 0) this.fail(`${titleOf(messages)} was confirmed with ${result}, and must be with 0`);
    if (confirmation.transId !== transId)
      this.fail(`${titleOf(messages)} has TransID ${transId}, and its Confirmation has "${confirmation.transId}"`);
  }

  /** Must be confirmed, but not with 0. */
  refused(posted: Posted, why: string): void {
    if (this.#resultOf(posted) === 0) this.fail(`${titleOf(posted.messages)} was confirmed with 0, though ${why}`);
  }

  #resultOf({ confirmation: { result, faults }, messages, status }: Posted): number {
    const what = messages.length > 0 ? titleOf(messages) : "the text";
    return result ?? this.fail(`${what} got no Confirmation (HTTP ${status ?? "none"}): ${faults.join("; ")}`);
  }

  /**
   * The first message of this name that fits and that the clause has not received yet; waits for it. It must come after the message
   * with the `n` of `after`: an adapter may repeat at any time what it has notified before.
   */
  receives(
    name: string,
    fits: Fits = {},
    { after = 0, withinMs = this.options.patienceMs }: Wait = {},
  ): Promise<Received> {
    const isIt = (one: Received) => one.n > after && one.name === name && matches(one, fits);
    return this.receivesOne(`${name}${wanted(fits)}`, isIt, withinMs, () => this.#nearest(after, name, fits));
  }

  /** The `n` of the last message that came. */
  get last(): number {
    return this.received.at(-1)?.n ?? 0;
  }

  async receivesOne(
    what: string,
    fits: (received: Received) => boolean,
    withinMs = this.options.patienceMs,
    nearest = () => "",
  ): Promise<Received> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const index = this.#open.findIndex(fits);
      const [found] = index < 0 ? [] : this.#open.splice(index, 1);
      if (found) return found;
      if (!(await this.#change(deadline)))
        this.fail(`${what} did not come within ${seconds(withinMs)}${nearest()}; ${this.#cameInstead()}`);
    }
  }

  /** True once enough posts were noticed that were not confirmed, or are repeats. */
  async notices(fits: (arrival: Arrival) => boolean, count: number, withinMs: number): Promise<boolean> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      if (this.noticed.filter(fits).length >= count) return true;
      if (!(await this.#change(deadline))) return false;
    }
  }

  /** Waits the quiet time. No such message may have come, after the one with the `n` of `after`. */
  async receivesNo(names: string | readonly string[], why: string, fits: Fits = {}, after = 0): Promise<void> {
    await this.quiet();
    const found = this.#open.find((one) => one.n > after && [names].flat().includes(one.name) && matches(one, fits));
    if (found) this.fail(`${titleOf([found])} came, and ${why}`);
  }

  /** The answer to a request; waits for it. */
  answer({ name, attributes: { MsgID } }: Message, fits: Fits = {}, wait?: Wait): Promise<Received> {
    return this.receives(answerTo(name), { MsgID, ...fits }, wait);
  }

  inOrder(first: Received, second: Received): void {
    if (first.n > second.n) this.fail(`${titleOf([second])} came before ${titleOf([first])}, and must come after it`);
  }

  /** Checks the attributes of a message, and to which server it came. */
  check(received: Received | undefined, fits: Fits, server = received?.server): void {
    if (!received) this.fail(`no message came${wanted(fits)}`);
    for (const [name, value] of Object.entries(fits)) {
      if (matches(received, { [name]: value })) continue;
      const actual = received.attributes[name];
      const has = actual === undefined ? `no ${name}` : `${name} "${actual}"`;
      this.fail(`${received.name} has ${has}, and must have ${shownFit(value)}`);
    }
    if (server !== received.server)
      this.fail(`${received.name} came to TSP server ${received.server}, and must come to ${server}`);
  }

  /** One of these messages must mention each of these values. */
  mention(received: readonly Received[], values: readonly string[]): void {
    const missing = values.find((value) => !received.some((one) => mentions(one, value)));
    if (missing !== undefined) this.fail(`no ${received[0]?.name} names ${missing}`);
  }

  fail(why: string): never {
    throw new NotAsDocumented(why);
  }

  notTestable(why: string): never {
    throw new NotTestable(why);
  }

  /** The name that WebEx gave to a call that entered, once the adapter has confirmed it. */
  async nameOf(entered: Received): Promise<string> {
    return (await this.#namings.get(entered)) ?? this.fail(`WebEx gave no name for ${titleOf([entered])}`);
  }

  /** How a TSP server takes posts from now on. */
  takes(server: number, how: (arrival: Arrival) => Behaviour): void {
    this.isDisturbed = true;
    this.#behaviours.set(server, how);
  }

  /** All TSP servers confirm again. */
  heal(): void {
    this.#behaviours.clear();
  }

  /** Plays something while each act of the bridge takes so long. */
  async slowBridge(delayMs: number, work: () => Promise<void>): Promise<void> {
    await this.people.delayBridge(delayMs);
    try {
      await work();
    } finally {
      await this.people.delayBridge(0);
    }
  }

  behaviour(server: number, arrival: Arrival): Behaviour {
    return this.#behaviours.get(server)?.(arrival) ?? "confirm";
  }

  receive(message: Received): void {
    this.received.push(message);
    this.#open.push(message);
    if (message.name === "A2W_NotifyUserEnter" && this.names) {
      const naming = this.#name(message);
      naming.catch(() => {});
      this.#namings.set(message, naming);
    }
    this.#wake();
  }

  notice(arrival: Arrival): void {
    this.noticed.push(arrival);
    this.#wake();
  }

  trace(entry: TraceEntry): void {
    this.entries.push(entry);
  }

  /** WebEx names a call that came in, and repeats the name of one that it called (call sequences). */
  async #name({ attributes, server }: Received): Promise<string> {
    const { MsgID = "", ExtCallID = "" } = attributes;
    const isNew = ExtCallID === "" || ExtCallID.toLowerCase() === "null";
    const name = isNew ? String(70_000 + this.numbers.next()) : this.rename(ExtCallID);
    const answer = { MsgID, ExtCallID: name, WbxHostName: this.webex.host(server) };
    await this.posts([{ name: "W2A_RspNotifyUserEnter", attributes: answer }], server);
    return name;
  }

  #wake(): void {
    this.#changed.resolve(true);
    this.#changed = Promise.withResolvers();
  }

  /** True if anything came before this time. */
  async #change(deadline: number): Promise<boolean> {
    const left = deadline - Date.now();
    return left > 0 && Promise.race([this.#changed.promise, this.pause(left).then(() => false)]);
  }

  /** What is wrong with the last message that fits but for one value. */
  #nearest(after: number, name: string, fits: Fits): string {
    const ids = Object.fromEntries(Object.entries(fits).filter(([key]) => identities.has(key)));
    const came = this.#open.findLast((one) => one.n > after && one.name === name && matches(one, ids));
    const [wrong] = Object.entries(fits).filter(([key, value]) => came && !matches(came, { [key]: value }));
    return wrong ? `, it came with ${wrong[0]} "${came?.attributes[wrong[0]] ?? ""}"` : "";
  }

  #cameInstead(): string {
    const last = this.#open.slice(-6).map((one) => titleOf([one]));
    return last.length > 0 ? `what came: ${last.join("; ")}` : "nothing came";
  }
}

/** True if any attribute has this value: no public document has the name of the attribute. */
export function mentions({ attributes }: Received, value: string): boolean {
  return Object.values(attributes).includes(value);
}

export function matches({ attributes }: Received, fits: Fits): boolean {
  return Object.entries(fits).every(([name, value]) => {
    const actual = attributes[name];
    return value instanceof RegExp ? actual !== undefined && value.test(actual) : actual === value;
  });
}

function wanted(fits: Fits): string {
  return Object.entries(fits)
    .map(([name, value]) => (value === undefined ? ` without ${name}` : ` ${name}=${shownFit(value)}`))
    .join("");
}

function shownFit(value: string | RegExp | undefined): string {
  if (value === undefined) return "none";
  return value instanceof RegExp ? `like ${value.source}` : `"${value}"`;
}

function seconds(ms: number): string {
  return ms >= 1000 ? `${Math.round(ms / 100) / 10} s` : `${ms} ms`;
}
