import { rowsByName } from "../messages.ts";
import type { Ports, Spelling } from "../ports.ts";
import { namingFailures } from "../telephones/failures.ts";
import type { CallId, PhoneNumber, Telephones } from "../telephones/telephones.ts";
import type { Message } from "../xml.ts";
import { absent, identities, type Wanted, withoutValues, wrongAttribute } from "./cause.ts";
import { Conference } from "./conference.ts";
import { BrokenOff, NotAsDocumented, NotTestable } from "./outcome.ts";
import { People } from "./people.ts";
import { type TraceEntry, titleOf } from "./trace.ts";
import type { Arrival, Behaviour, Posted, Received } from "./traffic.ts";
import type { Owner, Webex } from "./webex.ts";

export interface StageOptions {
  /** How long a clause waits for what is to come. */
  readonly patienceMs: number;
  /** How long nothing must come, to say that nothing comes. */
  readonly quietMs: number;
  /** What callers key to mute themselves, and before their attendee ID; `undefined`: they cannot. */
  readonly muteKeys: string | undefined;
  readonly mergeKeys: string | undefined;
  /** Aborted when the run is broken off: what is played ends at its next step. */
  readonly stop?: AbortSignal;
  /** What callers key to enter, with `{key}` and `{attendee}`; default `DIAL_KEYS`. */
  readonly dialKeys?: string;
  /** The same of a host. Without it nobody knows whom the adapter takes for the host. */
  readonly hostKeys?: string | undefined;
  /** A number that the adapter's own policy refuses to call. */
  readonly refused?: PhoneNumber | undefined;
  /** The page of telephone numbers, with its variables. */
  readonly globalNumbers?: string | undefined;
  /** How many conferences a minute are created, and how long, where the adapter is to show that it bears it. */
  readonly load?: { readonly perMinute: number; readonly minutes: number } | undefined;
}

export const DIAL_KEYS = "{key}#{attendee}#";

/** Numbers that no two clauses share. */
export interface Numbers {
  next(): number;
  /** Different for runs within hours; five digits. */
  readonly run: string;
}

/** Somebody who dialled in. */
export interface Dial {
  readonly call: CallId;
  readonly number: string;
  readonly confKey: string;
  /** As it was keyed; empty where callers key none. */
  readonly attendeeId: string;
  readonly startedAt: number;
  /** When all keys were pressed; `null` where nobody knows. */
  readonly keyedAt: number | null;
  entered?: Received;
}

/** What a message must be like, by attribute. */
export type Fits = Readonly<Record<string, Wanted>>;

/** The stage of one clause: the TSP servers, the telephones, and what came. */
export class Stage implements Owner {
  readonly id: string;
  readonly webex: Webex;
  readonly ports: Ports;
  readonly options: StageOptions;
  readonly numbers: Numbers;
  readonly people: People;
  readonly entries: TraceEntry[] = [];
  /** Everything that was confirmed, in order. */
  readonly received: Received[] = [];
  /** Posts that were not confirmed, and repeats. */
  readonly noticed: Arrival[] = [];
  readonly conferences: Conference[] = [];
  readonly dials: Dial[] = [];
  /** Who was called: that it was picked up, and the entry. */
  readonly called: { readonly answered: Received; readonly entered: Received }[] = [];
  /** ExtConfIDs that were replaced when another server took over. */
  readonly replaced = new Set<string>();
  /** A server failed, or another one took over: times are not those of every day. */
  isDisturbed = false;
  /** Whether WebEx answers A2W_NotifyUserEnter. */
  names = true;
  /** The name that WebEx gives to a call that has one. */
  rename: (extCallId: string) => string = (extCallId) => extCallId;
  readonly #behaviours = new Map<number, (arrival: Arrival) => Behaviour>();
  readonly #open: Received[] = [];
  readonly #waiters = new Set<() => void>();
  readonly #namings = new Map<Received, Promise<string>>();
  /** Fails when the run is broken off. */
  readonly #broken: Promise<never> | undefined;
  #isCleaning = false;

  constructor(id: string, webex: Webex, telephones: Telephones, numbers: Numbers, options: StageOptions) {
    this.id = id;
    this.webex = webex;
    const { stop } = options;
    if (stop) {
      this.#broken = new Promise((_, failed) => stop.addEventListener("abort", () => failed(new BrokenOff(stop))));
      this.#broken.catch(() => {});
    }
    const { ports } = webex;
    this.ports = {
      now: () => ports.now(),
      sleep: (ms) => this.#unlessBroken(() => ports.sleep(ms)),
      send: (request) => ports.send(request),
      post: (url, bodies, how) => ports.post(url, bodies, how),
      listen: (address, handle, tls) => ports.listen(address, handle, tls),
    };
    this.options = options;
    this.numbers = numbers;
    this.people = new People(this, namingFailures(telephones));
  }

  /** A conference of WebEx that the adapter has not heard of yet. */
  newConference(server = 1): Conference {
    const conference = new Conference(this, server);
    this.conferences.push(conference);
    return conference;
  }

  /** A conference that runs. */
  async conference(attributes: Readonly<Record<string, string>> = {}): Promise<Conference> {
    const conference = this.newConference();
    await conference.create(attributes);
    return conference;
  }

  get isBrokenOff(): boolean {
    return this.options.stop?.aborted === true;
  }

  /** Throws if the run was broken off, but for cleaning up. */
  goesOn(): void {
    if (this.isBrokenOff && !this.#isCleaning) throw new BrokenOff(this.options.stop);
  }

  /** The clause is over: posts are confirmed again, and go out also when the run was broken off. */
  cleansUp(): void {
    this.#isCleaning = true;
    this.heal();
  }

  /** Posts one document, whatever the Confirmation. */
  post(messages: readonly Message[], server = 1): Promise<Posted> {
    return this.#unlessBroken(() => this.webex.post(this, server, messages));
  }

  /** Posts one document that must be confirmed with 0. */
  async posts(messages: readonly Message[], server = 1): Promise<Posted> {
    const posted = await this.post(messages, server);
    this.confirmed(posted);
    return posted;
  }

  /** Posts a text as it is, also one that is no document. */
  postText(text: string, about: { readonly transId: string; readonly messages?: readonly Message[] }, server = 1) {
    return this.#unlessBroken(() => this.webex.postText(this, server, text, { messages: [], ...about }, 1));
  }

  /** Posts each of these messages in a document of its own, all over one connection, as told. All must be confirmed with 0. */
  async postsSpelled(messages: readonly Message[], how: Spelling, server = 1): Promise<void> {
    const posted = await this.#unlessBroken(() => this.webex.postSpelled(this, server, messages, how));
    for (const one of posted) this.confirmed(one);
  }

  /** The same document again, as after a time-out. */
  again({ text, transId, messages }: Posted, server = 1): Promise<Posted> {
    return this.#unlessBroken(() => this.webex.postText(this, server, text, { transId, messages }));
  }

  confirmed({ confirmation, transId, messages, status }: Posted): void {
    const { result, faults } = confirmation;
    if (result === 0 && confirmation.transId === transId) return;
    const what = titleOf(messages);
    const names = [...new Set(messages.map(({ name }) => name))].join(" + ");
    if (result === null)
      this.fail(
        `${what} got no Confirmation (HTTP ${status ?? "none"}): ${faults.join("; ")}`,
        faults[0] ?? `${names} gets no Confirmation`,
      );
    if (result !== 0)
      this.fail(
        `${what} was confirmed with ${result}, and must be with 0`,
        `${names} is confirmed with ${result}, not 0`,
      );
    this.fail(
      `${what} has TransID ${transId}, and its Confirmation has "${confirmation.transId}"`,
      "a Confirmation has another TransID",
    );
  }

  /** Must be confirmed, but not with 0. */
  refused({ confirmation, messages, status }: Posted, why: string): number {
    const { result, faults } = confirmation;
    const what = messages.length > 0 ? titleOf(messages) : "the text";
    if (result === null)
      this.fail(
        `${what} got no Confirmation (HTTP ${status ?? "none"}): ${faults.join("; ")}`,
        faults[0] ?? "a refused document gets no Confirmation",
      );
    if (result === 0)
      this.fail(`${what} was confirmed with 0, though ${why}`, `a document is confirmed, though ${why}`);
    return result;
  }

  /** The first message of this name that fits and was not yet received by the clause; waits for it. */
  async receives(name: string, fits: Fits = {}, withinMs = this.options.patienceMs): Promise<Received> {
    return this.receivesAfter(0, name, fits, withinMs);
  }

  /** The same, of what came after the message with this `n`: an adapter may tell at any time what it has told before. */
  async receivesAfter(n: number, name: string, fits: Fits = {}, withinMs = this.options.patienceMs): Promise<Received> {
    const own = this.#asItComes(fits);
    const isIt = (one: Received) => one.n > n && one.name === name && matches(one, own);
    return this.receivesOne(`${name}${wanted(fits)}`, isIt, withinMs, () => this.#causeOfAbsence(n, name, fits));
  }

  /** The `n` of the last message that came. */
  get last(): number {
    return this.received.at(-1)?.n ?? 0;
  }

  async receivesOne(
    what: string,
    fits: (received: Received) => boolean,
    withinMs = this.options.patienceMs,
    cause = () => withoutValues(`${what.replace(/ of .*$/, "")} does not come${this.#moment()}`),
  ): Promise<Received> {
    const deadline = this.ports.now() + withinMs;
    for (;;) {
      const index = this.#open.findIndex(fits);
      const [found] = index < 0 ? [] : this.#open.splice(index, 1);
      if (found) return found;
      if (!(await this.#change(deadline))) {
        this.fail(`WebEx waited ${seconds(withinMs)} for ${what}; ${this.#cameInstead()}`, cause());
      }
    }
  }

  /** Waits until a post that was not confirmed, or a repeat, was noticed. */
  async notices(fits: (arrival: Arrival) => boolean, count: number, withinMs: number): Promise<boolean> {
    const deadline = this.ports.now() + withinMs;
    for (;;) {
      if (this.noticed.filter(fits).length >= count) return true;
      if (!(await this.#change(deadline))) return false;
    }
  }

  /** A message that may come or not; `null` when the quiet time is over. */
  mayReceive(name: string, fits: Fits = {}): Promise<Received | null> {
    return this.mayReceiveAfter(0, name, fits);
  }

  /** The same, of what comes after the message with this `n`. */
  mayReceiveAfter(n: number, name: string, fits: Fits = {}, withinMs = this.options.quietMs): Promise<Received | null> {
    return this.receivesAfter(n, name, fits, withinMs).catch(() => null);
  }

  /** Waits the quiet time. None of these messages must have come. */
  async receivesNo(names: readonly string[], why: string): Promise<void> {
    await this.ports.sleep(this.options.quietMs);
    const found = this.#open.find(({ name }) => names.includes(name));
    if (found) this.fail(`${titleOf([found])} came, and ${why}`, `${found.name} comes, and must not`);
  }

  /** Waits the quiet time. Nothing must have come but answers that no public document names, and `except`. */
  async receivesNothingElse(why: string, except: (received: Received) => boolean = () => false): Promise<void> {
    await this.ports.sleep(this.options.quietMs);
    const [first] = this.#open.filter((one) => !this.#isTolerated(one) && !except(one));
    if (first) this.fail(`${titleOf([first])} came, and ${why}`, `${first.name} comes, and must not`);
  }

  /** What came and no step of the clause has asked for yet. */
  get open(): readonly Received[] {
    return this.#open;
  }

  inOrder(first: Received, second: Received): void {
    if (first.n < second.n) return;
    this.fail(
      `${titleOf([second])} came before ${titleOf([first])}, and must come after it`,
      `${second.name} comes before ${first.name}`,
    );
  }

  /** Of a message that was received: to which server it must have come, and what it must say. */
  check(received: Received, fits: Fits, server?: number): void {
    for (const [name, value] of Object.entries(this.#asItComes(fits))) {
      if (matches(received, { [name]: value })) continue;
      const actual = received.attributes[name];
      this.fail(
        `${received.name} has ${actual === undefined ? `no ${name}` : `${name} "${actual}"`}, and must have ${shownFit(value)}`,
        wrongAttribute(received.name, name, actual, value),
      );
    }
    if (server !== undefined && received.server !== server) {
      this.fail(
        `${received.name} came to TSP server ${received.server}, and must come to ${server}`,
        `${received.name.startsWith("A2W_Rsp") ? "an answer" : "a notification"} comes to another server`,
      );
    }
  }

  /** Several results may have one number on the wire (`--rename`). */
  #asItComes(fits: Fits): Fits {
    return typeof fits.Result === "string" ? { ...fits, Result: this.webex.renames.result(fits.Result) } : fits;
  }

  /** `cause`: what went wrong first, if the sentence without its values does not say so. */
  fail(why: string, cause?: string): never {
    throw new NotAsDocumented(why, cause);
  }

  notTestable(why: string): never {
    throw new NotTestable(why);
  }

  /** The name that WebEx gave to a call that entered, when the adapter has confirmed it. */
  async nameOf(entered: Received): Promise<string> {
    return (await this.#namings.get(entered)) ?? this.fail(`WebEx gave no name for ${titleOf([entered])}`);
  }

  /** Another clause had documents refused that were for this one, too. */
  disturbed(): void {
    this.isDisturbed = true;
  }

  /** How a TSP server takes posts from now on. */
  takes(server: number, how: Behaviour | ((arrival: Arrival) => Behaviour)): void {
    this.isDisturbed = true;
    this.#behaviours.set(server, typeof how === "function" ? how : () => how);
  }

  /** All TSP servers are well again. */
  heal(): void {
    this.#behaviours.clear();
  }

  behaviour(server: number, arrival: Arrival): Behaviour {
    return this.#behaviours.get(server)?.(arrival) ?? { kind: "confirm" };
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

  telephone(title: string, to: "adapter" | "telephones" = "adapter"): void {
    const from = to === "adapter" ? "telephones" : "adapter";
    this.entries.push({ at: this.ports.now(), from, to, kind: "telephone", title, body: "" });
  }

  /** WebEx names a call that came in, and repeats the name of one that it called (call sequences). */
  async #name({ attributes, server }: Received): Promise<string> {
    const { MsgID = "", ExtCallID = "" } = attributes;
    const isNew = ExtCallID === "" || ExtCallID.toLowerCase() === "null";
    const name = isNew ? String(70_000 + this.numbers.next()) : this.rename(ExtCallID);
    const host = this.webex.host(server);
    const answer = { MsgID, ExtCallID: name, WbxHostName: host };
    const posted = await this.post([{ name: "W2A_RspNotifyUserEnter", attributes: answer }], server);
    this.confirmed(posted);
    return name;
  }

  async #unlessBroken<Value>(work: () => Promise<Value>): Promise<Value> {
    this.goesOn();
    return this.#broken && !this.#isCleaning ? Promise.race([work(), this.#broken]) : work();
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake();
  }

  /** Whether anything came before this time. */
  async #change(deadline: number): Promise<boolean> {
    const left = deadline - this.ports.now();
    if (left <= 0) return false;
    let wake = () => {};
    const woken = new Promise<true>((done) => {
      wake = () => done(true);
    });
    this.#waiters.add(wake);
    const changed = await Promise.race([woken, this.ports.sleep(left).then(() => false)]);
    this.#waiters.delete(wake);
    return changed;
  }

  /**
   * Answers that are in no public document may come, and what an adapter may tell at any time: being created, recorder, hybrid audio, the
   * status that a call or the conference has.
   */
  #isTolerated(one: Received): boolean {
    const { name, attributes } = one;
    if (name === "A2W_NotifyConferenceChange" && /^[146]$/.test(attributes.Status ?? "")) return true;
    if (name === "A2W_NotifyConferenceChange" && attributes.Status === this.#stateBefore(one)) return true;
    if (name === "A2W_NotifyUserChange" && !attributes.ActionCode && attributes.Status === this.#statusBefore(one))
      return true;
    return name.startsWith("A2W_Rsp") && rowsByName.get(name)?.standing !== "documented";
  }

  /** The last that was told of the conference when this came: running (0), locked (2) or ended (3); nothing before it started. */
  #stateBefore({ n, attributes: { ExtConfID } }: Received): string | undefined {
    const fits = { ExtConfID, Status: /^[023]$/ };
    const last = this.received.findLast(
      (one) => one.n < n && one.name === "A2W_NotifyConferenceChange" && matches(one, fits),
    );
    return last?.attributes.Status;
  }

  /** Whether the call was reported as muted (1) or not (0) when this came. */
  #statusBefore({ n, attributes: { ExtConfID, ExtCallID } }: Received): string {
    const fits = { ExtConfID, ExtCallID, Status: /^[01]$/ };
    const last = this.received.findLast(
      (one) => one.n < n && one.name === "A2W_NotifyUserChange" && matches(one, fits),
    );
    return last?.attributes.Status ?? "0";
  }

  /** The message came, but with something else in it; or it did not come at all. */
  #causeOfAbsence(after: number, name: string, fits: Fits): string {
    const [ids, values] = [true, false].map((isId) =>
      Object.entries(fits).filter(([key]) => identities.has(key) === isId),
    );
    const came = this.#open.findLast(
      (one) =>
        one.n > after && one.name === name && !this.#isTolerated(one) && matches(one, Object.fromEntries(ids ?? [])),
    );
    const wrong = came && values?.find(([key, value]) => !matches(came, { [key]: value }));
    if (!came || !wrong) return absent(name, fits) + this.#moment(name);
    const [key, value] = wrong;
    return wrongAttribute(name, key, came.attributes[key], value);
  }

  /** What is told to a new server is another matter than what is told every day. */
  #moment(name = ""): string {
    const isOfEveryDay = name.startsWith("A2W_Rsp") && name !== "A2W_RspCreateConference";
    return this.replaced.size > 0 && !isOfEveryDay ? " after a takeover" : "";
  }

  #cameInstead(): string {
    const last = this.#open.slice(-6).map((one) => titleOf([one]));
    return last.length > 0 ? `what came instead: ${last.join("; ")}` : "nothing came";
  }

  /** What the telephones are asked to do. */
  dialled(call: CallId, what: string): void {
    this.telephone(`${call}: ${what}`);
  }
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
