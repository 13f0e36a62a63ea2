import { doubling, pauseAfter } from "../../../src/delivery/backoff.ts";
import { err, ok, type Result } from "../../../src/foundation/result.ts";
import { reasonOf } from "../../../src/foundation/text/reason.ts";
import { wait } from "../../../src/foundation/time/timers.ts";
import type { DriverIdentity, DriverPorts } from "../driver.ts";
import { ANSWER_WITHIN_MS, Ari, type AriEvent, AriFailure, decodeEvent, isDone, type OtherEvent } from "./ari.ts";
import { agentVariable, retiredEvent } from "./mirror/names.ts";
import { type AsteriskSettings, readPassword } from "./settings.ts";
import { noteOf, whatIsMissing } from "./setup/prerequisites.ts";

/** A bridge that falls silent is found within this and `ANSWER_WITHIN_MS`. */
const PING_EVERY_MS = 1_000;
const backoff = doubling(100, 1_000);
/** How often it is tried whether the events have begun. */
const MARK_EVERY_MS = 20;
/** An agent that was replaced may hear of it late: a mark that is older than this does not say that it still acts. */
const MARK_LASTS_MS = 1_100;
/** So long an agent that was replaced may take for what it has asked for. */
const RETIRES_WITHIN_MS = 1_000;
/** Its successor waits for it so long from its own first mark on: longer than the last mark of the one before lasts. */
const RETIRED_WITHIN_MS = 1_600;
const MAX_EVENT_LENGTH = 1024 * 1024;

interface LinkHandlers {
  /** Asterisk answers; another boot id than before: it was started anew. */
  connected(bootId: string): void;
  disconnected(why: string, isReplaced: boolean): void;
  /** This agent has the events. `isSettled`: nothing that an agent asked for before is on its way. False: the link broke again. */
  begun(session: AriSession, isSettled: boolean): Promise<boolean>;
  event(event: AriEvent): void;
}

/** One time of being connected; all that is asked through it is over with it. */
export interface AriSession {
  readonly ari: Ari;
  /** Whether this agent acts, as soon as that is known; `null`: it was not asked to. False: the link is over. */
  activation: Promise<boolean> | null;
}

/**
 * The link to one Asterisk. A standby asks by REST alone whether Asterisk is there. The agent that acts has the event socket of its
 * owner's application: Asterisk gives it to whoever asked last, and notifies the one before.
 */
export class AsteriskLink {
  readonly #settings: AsteriskSettings;
  readonly #identity: DriverIdentity | null;
  readonly #ports: DriverPorts;
  readonly #handlers: LinkHandlers;
  #session: AriSession | null = null;
  #socket: ReturnType<DriverPorts["openSocket"]> | null = null;
  /** By the name of the event that each waits for. */
  readonly #marks = new Map<string, (came: boolean) => void>();
  #lastMark = 0;
  /** When this agent certainly acted; of the monotonic clock. */
  #actedAt = Number.NEGATIVE_INFINITY;
  #marking: Promise<boolean> | null = null;
  #epoch = 0;
  #failures = 0;
  #lastWhy: string | null = null;
  #bootId = "";
  #stopped = false;
  #cancelNext = () => {};

  constructor(settings: AsteriskSettings, identity: DriverIdentity | null, ports: DriverPorts, handlers: LinkHandlers) {
    this.#settings = settings;
    this.#identity = identity;
    this.#ports = ports;
    this.#handlers = handlers;
  }

  /** `null`: Asterisk does not answer, or not yet. */
  get session(): AriSession | null {
    return this.#session;
  }

  connect(): void {
    void this.#connect();
  }

  /** What the action returns; `null`: Asterisk has failed, and this session is given up. */
  async orLost<Value>(session: AriSession, action: () => Promise<Value>): Promise<Value | null> {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof AriFailure)) throw error;
      this.lost(session, error.message);
      return null;
    }
  }

  /** Takes the events of the application, unless an agent of a later epoch has them. */
  activate(epoch: number): void {
    const session = this.#session;
    if (session === null || this.#identity === null) return;
    const identity = this.#identity;
    const before = session.activation ?? Promise.resolve(true);
    session.activation = before.then(
      async (acts) => acts && ((await this.orLost(session, () => this.#activate(session, identity, epoch))) ?? false),
    );
  }

  /** Kept once all events that have happened by now were passed on. False: the link is over. */
  async mark(session: AriSession): Promise<boolean> {
    this.#lastMark += 1;
    const markedAt = this.#ports.monotonicMs();
    // Another agent's marks come here, too, while it takes over.
    const name = `bridgehead-${this.#identity?.agent}-${this.#lastMark}`;
    const came = this.#marked(name);
    const { application } = this.#settings;
    const sent = await session.ari.ask("userEvent", { eventName: name, application }, ANSWER_WITHIN_MS);
    if (!isDone(sent)) this.lost(session, "it no longer has this agent's event socket");
    const cancel = this.#ports.timers.after(ANSWER_WITHIN_MS, () => {
      this.lost(session, `its events have not come for ${ANSWER_WITHIN_MS / 1_000} s`);
    });
    const result = await came;
    cancel();
    if (result) this.#actedAt = markedAt;
    return result;
  }

  /** Nothing may change on Asterisk by an agent that was replaced and has not heard of it. */
  async #mustAct(session: AriSession): Promise<void> {
    if (this.#socket === null || this.#ports.monotonicMs() - this.#actedAt <= MARK_LASTS_MS) return;
    this.#marking ??= this.mark(session).finally(() => {
      this.#marking = null;
    });
    if (!(await this.#marking)) throw new AriFailure("it does not say that this agent acts");
  }

  /** Gives this session up, for another one. */
  lost(session: AriSession, what: string, isReplaced = false): void {
    if (session !== this.#session) return;
    this.#end();
    const why = `Asterisk at ${this.#settings.url} is lost: ${what}`;
    this.#lastWhy = why;
    this.#handlers.disconnected(why, isReplaced);
    this.#connectSoon();
  }

  stop(): void {
    this.#stopped = true;
    this.#end();
  }

  #end(): void {
    this.#cancelNext();
    const session = this.#session;
    this.#session = null;
    session?.ari.close();
    this.#socket?.close("orderly");
    this.#socket = null;
    this.#actedAt = Number.NEGATIVE_INFINITY;
    for (const settle of this.#marks.values()) settle(false);
    this.#marks.clear();
  }

  #connectSoon(): void {
    if (this.#stopped) return;
    this.#failures += 1;
    const { timers, random } = this.#ports;
    this.#cancelNext = timers.after(pauseAfter(this.#failures, backoff, random()), () => void this.#connect());
  }

  async #connect(): Promise<void> {
    const tried = await this.#try();
    if (this.#stopped) return tried.ok ? tried.value.ari.close() : undefined;
    if (!tried.ok) {
      if (tried.error !== this.#lastWhy) this.#handlers.disconnected(tried.error, false);
      this.#lastWhy = tried.error;
      return this.#connectSoon();
    }
    const { ari, bootId } = tried.value;
    this.#lastWhy = null;
    this.#bootId = bootId;
    const session: AriSession = { ari, activation: null };
    this.#session = session;
    session.ari.guard = () => this.#mustAct(session);
    this.#pingLater(session);
    this.#handlers.connected(bootId);
  }

  async #try(): Promise<Result<{ readonly ari: Ari; readonly bootId: string }, string>> {
    const { url, user } = this.#settings;
    let password: string;
    try {
      password = readPassword(this.#settings);
    } catch (error) {
      return err(`the password of Asterisk cannot be read: ${reasonOf(error)}; correct driver.passwordFile`);
    }
    const ari = new Ari({ url, user, password }, this.#ports.timers);
    const advice = "start Asterisk (its log says why it ends), set enabled = yes in http.conf, or correct driver.url";
    const found = await whatIsMissing(ari, this.#settings, this.#identity, this.#bootId).catch((error: unknown) => {
      if (error instanceof AriFailure) return err(`does not connect: ${error.message}; ${advice}`);
      throw error;
    });
    if (found.ok) return ok({ ari, bootId: found.value });
    ari.close();
    return err(`Asterisk at ${url} ${found.error}`);
  }

  #pingLater(session: AriSession): void {
    const { timers, pingEveryMs = PING_EVERY_MS } = this.#ports;
    this.#cancelNext = timers.after(pingEveryMs, () => void this.#ping(session));
  }

  async #ping(session: AriSession): Promise<void> {
    await this.orLost(session, async () => {
      const { status } = await session.ari.info();
      if (status.startup_time !== this.#bootId) return this.lost(session, "it was started anew");
      // The socket may be dead although nobody has said so.
      if (this.#socket !== null && (await session.activation)) await this.mark(session);
    });
    if (session !== this.#session) return;
    this.#failures = 0;
    this.#pingLater(session);
  }

  async #activate(session: AriSession, { owner, agent }: DriverIdentity, epoch: number): Promise<boolean> {
    const { ari } = session;
    const { application } = this.#settings;
    const note = await noteOf(ari, application);
    const other = note !== null && note.agent !== agent ? note : null;
    // The event reaches an agent that is connected, if there is one.
    const isConnected =
      other !== null && isDone(await ari.ask("userEvent", { eventName: "bridgehead-who-acts", application }));
    if (isConnected && other.epoch > epoch) {
      const why = `the agent ${other.agent} acts on it since epoch ${other.epoch}, this one is to since ${epoch}`;
      this.lost(session, why, true);
      return false;
    }
    const value = JSON.stringify({ owner, agent, epoch });
    const written = await ari.ask("setGlobalVar", { variable: agentVariable(application), value });
    if (!isDone(written)) throw new AriFailure(`it answered setGlobalVar with status ${written.status}`);
    this.#epoch = epoch;
    // An epoch more on the same socket: no event is missed.
    if (this.#socket !== null) return session === this.#session;
    const retired = isConnected ? this.#marked(retiredEvent(other)) : null;
    if (!(await this.#openEvents(session))) return false;
    const isLate = () => wait(this.#ports.timers, RETIRED_WITHIN_MS).then(() => false);
    const isSettled = retired === null ? note === null : await Promise.race([retired, isLate()]);
    return this.#handlers.begun(session, isSettled);
  }

  /** Whether the event of this name came; false: the link is over. */
  #marked(name: string): Promise<boolean> {
    return new Promise((resolve) => this.#marks.set(name, resolve));
  }

  /** Asterisk does not say when the events have begun: the first mark that comes does. */
  async #openEvents(session: AriSession): Promise<boolean> {
    if (session !== this.#session) return false;
    const { ari } = session;
    const codec = { decode: decodeEvent, encode: () => [], maxBytes: MAX_EVENT_LENGTH };
    const { application } = this.#settings;
    const socket = this.#ports.openSocket<AriEvent | OtherEvent, never>(
      ari.eventsUrl(application),
      ari.headers,
      codec,
      {
        message: (received) => {
          if (socket !== this.#socket) return;
          if (!received.ok) return this.lost(session, received.error);
          if (received.value.type !== "other") this.#received(session, received.value);
        },
        closed: (code, why) => {
          if (socket === this.#socket) this.lost(session, why || `it closed the event socket (${code})`);
        },
      },
    );
    this.#socket = socket;
    const { timers } = this.#ports;
    const cancel = timers.after(ANSWER_WITHIN_MS, () =>
      this.lost(session, `its events have not begun for ${ANSWER_WITHIN_MS / 1_000} s`),
    );
    const name = `bridgehead-${this.#identity?.agent}-begins-${++this.#lastMark}`;
    const came = this.#marked(name);
    let isOver = false;
    void came.then(() => {
      isOver = true;
    });
    while (!isOver) {
      await ari.ask("userEvent", { eventName: name, application }, ANSWER_WITHIN_MS);
      await Promise.race([came, wait(timers, MARK_EVERY_MS)]);
    }
    cancel();
    return came;
  }

  #received(session: AriSession, event: AriEvent): void {
    if (event.type === "ApplicationReplaced") {
      const { application } = this.#settings;
      const eventName = retiredEvent({ agent: this.#identity?.agent ?? "", epoch: this.#epoch });
      void session.ari.retire({ eventName, application }, RETIRES_WITHIN_MS);
      return this.lost(session, "another agent acts on it from now on", true);
    }
    if (event.type !== "ChannelUserevent") return this.#handlers.event(event);
    this.#marks.get(event.eventname)?.(true);
    this.#marks.delete(event.eventname);
  }
}
