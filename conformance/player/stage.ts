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
  /** Time that a clause waits for an event. */
  readonly patienceMs: number;
  /** Silence after which nothing more is expected. */
  readonly quietMs: number;
  /** DTMF digits to mute oneself, and before an attendee ID in the conference; `none` if callers cannot. */
  readonly muteKeys: string;
  readonly mergeKeys: string;
  /** Aborted when the run is interrupted; each clause then ends at its next step. */
  readonly stop: AbortSignal;
  /** DTMF digits to join, with `{key}` and `{attendee}`. */
  readonly dialKeys: string;
  /** The same for a host; if absent, clauses that need a host are not testable. */
  readonly hostKeys?: string;
  /** URL of the page of telephone numbers, with its variables. */
  readonly globalNumbers?: string;
  /** Conferences to create a minute, and the number of minutes. */
  readonly load: { readonly perMinute: number; readonly minutes: number } | undefined;
}

export type Writer = (transId: string, messages: readonly Message[]) => string;

type Spelling = Http & { readonly server?: number; readonly transId?: string };

/** Unique numbers of a run. */
export interface Numbers {
  next(): number;
  /** Five digits that begin the conference keys of a run, different for runs within a day. */
  readonly run: string;
}

/** A caller who dialed in. Times are milliseconds since 1970. */
export interface Dial extends Person {
  readonly call: CallId;
  readonly startedAt: number;
  /** Time at which all digits were entered; `null` if unknown. */
  readonly keyedAt: number | null;
  entered?: Received;
}

/** The required value or pattern of each attribute; `undefined` if it must be absent. */
export type Fits = Readonly<Record<string, string | RegExp | undefined>>;

export interface Wait {
  readonly after?: number;
  readonly withinMs?: number;
}

/** Attributes that identify a conference, call or request. All others are values. */
const identities: ReadonlySet<string> = new Set(["MsgID", "ExtConfID", "ExtCallID", "SubConfID", "ConfKey"]);

/** Everything that one clause plays with: TSP servers, telephones, and the messages that came. */
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
  /** True if WebEx answers A2W_NotifyUserEnter, which names the call. */
  names = true;
  /** Returns the new name of a call that has one. */
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

  /** Rejects when the run is interrupted. */
  pause(ms: number): Promise<void> {
    return pause(ms, undefined, this.#isCleaning ? {} : { signal: this.options.stop });
  }

  /** Waits until the adapter has probably carried out all confirmed requests. */
  quiet(): Promise<void> {
    return this.pause(this.options.quietMs);
  }

  /** Returns a conference that the adapter does not know yet. */
  newConference(server = 1): Conference {
    const conference = new Conference(this, server);
    this.conferences.push(conference);
    return conference;
  }

  /** Returns a running conference. */
  async conference(attributes: Readonly<Record<string, string>> = {}): Promise<Conference> {
    const conference = this.newConference();
    await conference.create(attributes);
    return conference;
  }

  /** Returns a running conference with this number of callers. */
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

  /** Throws if the run was interrupted, except while cleaning up. */
  goesOn(): void {
    if (this.isBrokenOff && !this.#isCleaning) throw new BrokenOff();
  }

  /** Confirms all posts again, and lets posts go out even after an interruption. */
  cleansUp(): void {
    this.#isCleaning = true;
    this.heal();
  }

  /** Posts one document, up to three times if no answer comes. Accepts any Confirmation. */
  post(messages: readonly Message[], server = 1): Promise<Posted> {
    return this.postAs(messages, writeDocument, { server, attempts: 3 });
  }

  /** Posts one document that must be confirmed with 0. */
  async posts(messages: readonly Message[], server = 1): Promise<Posted> {
    const posted = await this.post(messages, server);
    this.confirmed(posted);
    return posted;
  }

  /** Posts a document once, in its own spelling. */
  postAs(messages: readonly Message[], write: Writer, how: Spelling = {}): Promise<Posted> {
    this.goesOn();
    const { server = 1, transId = this.webex.ids(server).transId(), ...http } = how;
    return this.webex.post(this, { server, transId, messages, text: write(transId, messages) }, http);
  }

  /** Posts the same document again, as after a time-out. */
  again({ text, transId, messages, server }: Posted): Promise<Posted> {
    return this.postAs(messages, () => text, { server, transId, attempts: 3 });
  }

  confirmed(posted: Posted): void {
    const { confirmation, transId, messages } = posted;
    const result = this.#resultOf(posted);
    if (result !== 0) this.fail(`${titleOf(messages)} was confirmed with ${result}, not with 0`);
    if (confirmation.transId !== transId)
      this.fail(`${titleOf(messages)} has TransID ${transId}, but its Confirmation has "${confirmation.transId}"`);
  }

  /** Checks that a post was confirmed, but not with 0. */
  refused(posted: Posted, why: string): void {
    if (this.#resultOf(posted) === 0) this.fail(`${titleOf(posted.messages)} was confirmed with 0, though ${why}`);
  }

  #resultOf({ confirmation: { result, faults }, messages, status }: Posted): number {
    const what = messages.length > 0 ? titleOf(messages) : "the text";
    return result ?? this.fail(`${what} got no Confirmation (HTTP ${status ?? "none"}): ${faults.join("; ")}`);
  }

  /**
   * Waits for the first message of this name that fits and that the clause has not received yet. It must come after message number
   * `after`, because an adapter may repeat an earlier notification at any time.
   */
  receives(
    name: string,
    fits: Fits = {},
    { after = 0, withinMs = this.options.patienceMs }: Wait = {},
  ): Promise<Received> {
    const isIt = (one: Received) => one.n > after && one.name === name && matches(one, fits);
    return this.receivesOne(`${name}${wanted(fits)}`, isIt, withinMs, () => this.#nearest(after, name, fits));
  }

  /** `n` of the last message that came. */
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

  /** Waits for this many unconfirmed or repeated posts. True if they came in time. */
  async notices(fits: (arrival: Arrival) => boolean, count: number, withinMs: number): Promise<boolean> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      if (this.noticed.filter(fits).length >= count) return true;
      if (!(await this.#change(deadline))) return false;
    }
  }

  /** Waits the quiet time, then checks that no such message came after message number `after`. */
  async receivesNo(names: string | readonly string[], why: string, fits: Fits = {}, after = 0): Promise<void> {
    await this.quiet();
    const found = this.#open.find((one) => one.n > after && [names].flat().includes(one.name) && matches(one, fits));
    if (found) this.fail(`${titleOf([found])} came, though ${why}`);
  }

  /** Waits for the answer to a request. */
  answer({ name, attributes: { MsgID } }: Message, fits: Fits = {}, wait?: Wait): Promise<Received> {
    return this.receives(answerTo(name), { MsgID, ...fits }, wait);
  }

  inOrder(first: Received, second: Received): void {
    if (first.n > second.n) this.fail(`${titleOf([second])} came before ${titleOf([first])}, not after it`);
  }

  /** Checks the attributes of a message and the server that received it. */
  check(received: Received | undefined, fits: Fits, server = received?.server): void {
    if (!received) this.fail(`no message came${wanted(fits)}`);
    for (const [name, value] of Object.entries(fits)) {
      if (matches(received, { [name]: value })) continue;
      const actual = received.attributes[name];
      const has = actual === undefined ? `no ${name}` : `${name} "${actual}"`;
      this.fail(`${received.name} has ${has}, but must have ${shownFit(value)}`);
    }
    if (server !== received.server)
      this.fail(`${received.name} came to TSP server ${received.server}, not to ${server}`);
  }

  /** Checks that one of these messages mentions each value. */
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

  /** Returns the name that WebEx gave the call, after the adapter has confirmed it. */
  async nameOf(entered: Received): Promise<string> {
    return (await this.#namings.get(entered)) ?? this.fail(`WebEx gave no name for ${titleOf([entered])}`);
  }

  /** Sets how a TSP server treats posts. */
  takes(server: number, how: (arrival: Arrival) => Behaviour): void {
    this.isDisturbed = true;
    this.#behaviours.set(server, how);
  }

  /** Makes all TSP servers confirm again. */
  heal(): void {
    this.#behaviours.clear();
  }

  /** Runs `work` while each act of the bridge is delayed. */
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

  /** Names a caller's call, or repeats the name of a called-out call, as in the call sequences. */
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

  /** True if anything came before the deadline. */
  async #change(deadline: number): Promise<boolean> {
    const left = deadline - Date.now();
    return left > 0 && Promise.race([this.#changed.promise, this.pause(left).then(() => false)]);
  }

  /** Describes the last message with the right ids but a wrong value. */
  #nearest(after: number, name: string, fits: Fits): string {
    const ids = Object.fromEntries(Object.entries(fits).filter(([key]) => identities.has(key)));
    const came = this.#open.findLast((one) => one.n > after && one.name === name && matches(one, ids));
    const [wrong] = Object.entries(fits).filter(([key, value]) => came && !matches(came, { [key]: value }));
    return wrong ? `; it came with ${wrong[0]} "${came?.attributes[wrong[0]] ?? ""}"` : "";
  }

  #cameInstead(): string {
    const last = this.#open.slice(-6).map((one) => titleOf([one]));
    return last.length > 0 ? `what came: ${last.join("; ")}` : "nothing came";
  }
}

/** True if any attribute has this value, because no public document names the attribute. */
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
