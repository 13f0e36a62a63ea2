import { isDeepStrictEqual } from "node:util";
import * as v from "valibot";
import type { Announcement } from "../../../src/bridge/announcements.ts";
import type { BridgeCommand, ExecutionResult } from "../../../src/bridge/commands.ts";
import type { BridgeEvent } from "../../../src/bridge/events.ts";
import type { CallId, CommandId, ConfKey } from "../../../src/foundation/ids.ts";
import { wait } from "../../../src/foundation/timers.ts";
import type { BridgeDriver, DriverIdentity, DriverPorts, DriverReport, DriverState } from "../driver.ts";
import { AriFailure, application, bridge, channel, isDone, read, variable } from "./ari.ts";
import { Book, type Consequences, type Look } from "./book.ts";
import { AsteriskLink, type Session } from "./link.ts";
import {
  CALL_VARIABLE,
  type CallNotes,
  type ConferenceNotes,
  conferenceVariable,
  readCallNotes,
  readConferenceNotes,
} from "./names.ts";
import { missingSounds } from "./prerequisites.ts";
import type { AsteriskSettings } from "./settings.ts";
import { Work } from "./work.ts";

/** The longest that any command may take of a bridge that is alive. */
const RESULT_WITHIN_MS = 30_000;

/** What was asked for over a link that broke has reached Asterisk, as a rule, when two looks at this distance show the same. */
const LOOK_AGAIN_MS = 50;
/** More are no mistake of a line in the dialplan. */
const STRANGE_NUMBERS_AT_MOST = 50;
const LOOKS_AT_MOST = 5;

/**
 * `isSettled`: nothing is on its way any more that an agent has asked for before.
 * `isFirst`: since the link began, or since this agent acts. A standby misses everything: each of its looks is a first one. */
interface How {
  readonly isSettled: boolean;
  readonly isFirst: boolean;
  readonly isActing: boolean;
}

/** Drives Asterisk by its REST interface (ARI). Each owner has a Stasis application of its own there. */
export class AsteriskDriver implements BridgeDriver {
  readonly #settings: AsteriskSettings;
  readonly #identity: DriverIdentity | null;
  readonly #ports: DriverPorts;
  readonly #link: AsteriskLink;
  #report: (report: DriverReport) => void = () => {};
  #book: Book;
  #work: { readonly session: Session; readonly work: Work } | null = null;
  #bootId: string | null = null;
  /** What was last said of missing sounds. */
  #lacks: string | null = null;
  /** Of which it was said that the dialplan hands them to this agent for nothing. */
  readonly #strangeNumbers = new Set<string>();
  /** Looks are taken one after another. */
  #looked: Promise<unknown> = Promise.resolve();
  /** To be reported after the result that they follow from. */
  #afterResult: BridgeEvent[] = [];
  /** What happens to calls whose dial has no result yet: a telephone may be busy before Asterisk has answered. */
  readonly #ofDials = new Map<CallId, BridgeEvent[]>();

  /** `identity`: `null` for a visitor. */
  constructor(settings: AsteriskSettings, ports: DriverPorts, identity: DriverIdentity | null) {
    this.#settings = settings;
    this.#identity = identity;
    this.#ports = ports;
    this.#book = new Book(identity);
    this.#link = new AsteriskLink(settings, identity, ports, {
      connected: (bootId) => this.#connected(bootId),
      disconnected: (why, isReplaced) => this.#disconnected(why, isReplaced),
      begun: (session, isSettled) => this.#look(session, { isFirst: true, isActing: true, isSettled }),
      event: (event) => {
        this.#work?.work.happened(event);
        this.#follow(this.#book.happened(event));
      },
    });
  }

  start(report: (report: DriverReport) => void): void {
    this.#report = report;
    this.#link.connect();
  }

  activate(epoch: number): void {
    this.#link.activate(epoch);
  }

  async execute(commandId: CommandId, conference: ConfKey | null, command: BridgeCommand): Promise<ExecutionResult> {
    const { session } = this.#link;
    if (session === null) return { done: false, reason: "unreachable" };
    if (session.activation === null) return { done: false, reason: "refused" };
    const release = command.type === "dial" ? this.#keepReportsOf(command.call) : () => {};
    let isTooSlow = false;
    const cancel = this.#ports.timers.after(RESULT_WITHIN_MS, () => {
      isTooSlow = true;
      this.#link.lost(session, `it has not answered ${command.type} for ${RESULT_WITHIN_MS / 1_000} s`);
    });
    try {
      if (!(await session.activation)) return { done: "unknown" };
      return await this.#workOf(session).execute(commandId, conference, command);
    } catch (error) {
      if (!(error instanceof AriFailure)) throw error;
      this.#link.lost(session, error.message);
      return isTooSlow ? { done: "unknown", tooSlow: true } : { done: "unknown" };
    } finally {
      cancel();
      release();
    }
  }

  announce(call: CallId, announcement: Announcement): void {
    const { session } = this.#link;
    if (session !== null && session.activation !== null) this.#workOf(session).announce(call, announcement);
  }

  async state(): Promise<DriverState | null> {
    const { session } = this.#link;
    if (session === null) return null;
    const isActing = session.activation !== null;
    if (session.activation !== null && !(await session.activation)) return null;
    const isSeen = await this.#look(session, { isFirst: !isActing, isActing, isSettled: true });
    return isSeen ? this.#book.state() : null;
  }

  async stop(): Promise<void> {
    this.#report = () => {};
    this.#link.stop();
    this.#endWork();
  }

  #connected(bootId: string): void {
    if (bootId !== this.#bootId) this.#book = new Book(this.#identity);
    this.#bootId = bootId;
    this.#report({ type: "connected", bootId, ports: this.#settings.ports ?? null });
    if (this.#identity !== null && this.#link.session !== null) void this.#lookForSounds(this.#link.session);
  }

  /** Once for as long as nothing changes. */
  async #lookForSounds(session: Session): Promise<void> {
    try {
      const lacks = await missingSounds(session.ari, this.#settings);
      if (lacks !== null && lacks !== this.#lacks) this.#notice(lacks);
      this.#lacks = lacks;
    } catch (error) {
      if (!(error instanceof AriFailure)) throw error;
      this.#link.lost(session, error.message);
    }
  }

  #notice(what: string): void {
    this.#report({ type: "notice", text: `Asterisk at ${this.#settings.url} ${what}` });
  }

  /** Once for each number. */
  #noticeStrange(dialled: string): void {
    if (this.#strangeNumbers.has(dialled) || this.#strangeNumbers.size >= STRANGE_NUMBERS_AT_MOST) return;
    this.#strangeNumbers.add(dialled);
    const whose = dialled === "" ? "calls without a number" : `calls to ${dialled}`;
    this.#notice(
      `hands ${whose} to the application ${this.#settings.application}, and dialIn does not have it: such callers are turned away; ` +
        "add the number to dialIn in this agent's settings, or take it out of extensions.conf",
    );
  }

  #endWork(): void {
    this.#work?.work.stop();
    this.#work = null;
  }

  #disconnected(why: string, isReplaced: boolean): void {
    this.#endWork();
    this.#afterResult = [];
    this.#ofDials.clear();
    this.#report({ type: "disconnected", why, isReplaced });
  }

  #workOf(session: Session): Work {
    if (this.#work?.session === session) return this.#work.work;
    const work = new Work({
      ari: session.ari,
      book: this.#book,
      settings: this.#settings,
      owner: this.#identity?.owner ?? "",
      timers: this.#ports.timers,
      report: (reports) => {
        this.#afterResult.push(...reports);
        setImmediate(() => this.#tell([]));
      },
      notice: (what) => this.#notice(what),
      strangeNumber: (dialled) => this.#noticeStrange(dialled),
      failed: (why) => this.#link.lost(session, why),
    });
    this.#work = { session, work };
    return work;
  }

  #follow({ reports, tasks }: Consequences): void {
    const { session } = this.#link;
    this.#tell(reports);
    if (session !== null && session.activation !== null) this.#workOf(session).begin(tasks);
  }

  #tell(reports: readonly BridgeEvent[]): void {
    for (const report of [...this.#afterResult.splice(0), ...reports]) {
      const kept = "call" in report ? this.#ofDials.get(report.call) : undefined;
      if (kept) kept.push(report);
      else this.#report(report);
    }
  }

  /** Until the returned function is called, and who waits for the result of the dial has gone on. */
  #keepReportsOf(call: CallId): () => void {
    if (this.#ofDials.has(call)) return () => {};
    const kept: BridgeEvent[] = [];
    this.#ofDials.set(call, kept);
    return () =>
      setImmediate(() => {
        if (this.#ofDials.get(call) !== kept) return;
        this.#ofDials.delete(call);
        this.#tell(kept);
      });
  }

  /** Brings the book in line with Asterisk. False: the link is over. */
  #look(session: Session, how: How): Promise<boolean> {
    const look = this.#looked.then(() => this.#lookNow(session, how));
    this.#looked = look;
    return look;
  }

  async #lookNow(session: Session, { isFirst, isActing, isSettled }: How): Promise<boolean> {
    const book = this.#book;
    try {
      let since = book.version;
      let seen = await this.#see(session, isFirst);
      for (let looks = 1, isSame = isSettled; !isSame && looks < LOOKS_AT_MOST; looks += 1) {
        const before = seen;
        await wait(this.#ports.timers, LOOK_AGAIN_MS);
        since = book.version;
        seen = await this.#see(session, isFirst);
        // What calls of others do meanwhile does not matter.
        isSame = isDeepStrictEqual({ ...seen, channels: [] }, { ...before, channels: [] });
      }
      // What happened before the look must be known before it counts.
      if (isActing && !(await this.#link.mark(session))) return false;
      if (session !== this.#link.session) return false;
      this.#follow(book.looked(seen, since, isFirst));
      return true;
    } catch (error) {
      if (!(error instanceof AriFailure)) throw error;
      this.#link.lost(session, error.message);
      return false;
    }
  }

  async #see({ ari }: Session, isFirst: boolean): Promise<Look> {
    const { application: applicationName } = this.#settings;
    const [bridgeList, channelList, ofApplication] = await Promise.all([
      ari.ask("listBridges", {}),
      ari.ask("listChannels", {}),
      ari.ask("getApplication", { applicationName }),
    ]);
    const bridges = read("listBridges", v.array(bridge), bridgeList);
    const channels = read("listChannels", v.array(channel), channelList);
    // There is no such application before the first agent acts.
    const held = ofApplication.status === 404 ? [] : read("getApplication", application, ofApplication).channel_ids;
    const inApplication = new Set(held);
    const { isCallWanted, mainBridges } = this.#book.wanted(bridges, isFirst);
    const wanted = channels.filter(({ id }) => inApplication.has(id) && isCallWanted(id));
    const callNotes = new Map<string, CallNotes | null>();
    const conferenceNotes = new Map<string, ConferenceNotes | null>();
    await Promise.all([
      ...wanted.map(async ({ id }) => {
        const answer = await ari.ask("getChannelVar", { channelId: id, variable: CALL_VARIABLE });
        // 404: it has no such variable, or is gone.
        callNotes.set(id, isDone(answer) ? readCallNotes(read("getChannelVar", variable, answer).value) : null);
      }),
      ...mainBridges.map(async (id) => {
        const answer = await ari.ask("getGlobalVar", { variable: conferenceVariable(id) });
        conferenceNotes.set(id, readConferenceNotes(read("getGlobalVar", variable, answer).value));
      }),
    ]);
    return { bridges, channels, inApplication, callNotes, conferenceNotes };
  }
}
