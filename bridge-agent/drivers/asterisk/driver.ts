import type { Announcement } from "../../../src/bridge/announcements.ts";
import type { BridgeCommand, ExecutionResult } from "../../../src/bridge/commands.ts";
import type { BridgeEvent } from "../../../src/bridge/events.ts";
import type { CallId, CommandId, ConfKey } from "../../../src/foundation/ids.ts";
import type { BridgeDriver, DriverIdentity, DriverKind, DriverPorts, DriverReport, DriverState } from "../driver.ts";
import { Executor } from "./acts/executor.ts";
import { reconcile } from "./acts/reconcile.ts";
import type { AriEvent } from "./ari.ts";
import { type AriSession, AsteriskLink } from "./link.ts";
import { applyEvent, isEndOfKnown } from "./mirror/apply-event.ts";
import { type Consequences, toDo } from "./mirror/changes.ts";
import { Mirror } from "./mirror/mirror.ts";
import { type SnapshotOptions, takeSnapshot } from "./mirror/snapshot.ts";
import { type AsteriskSettings, asteriskSettings } from "./settings.ts";
import { inspectAsterisk } from "./setup/doctor.ts";
import { initAsterisk } from "./setup/init.ts";
import { missingSounds } from "./setup/prerequisites.ts";

/** The longest that any command may take of a bridge that is alive. */
const RESULT_WITHIN_MS = 30_000;

/** By then all is done that an agent asked for which acted before, without this one knowing of it. */
const SETTLES_WITHIN_MS = 2_500;

/** More are no mistake of a line in the dialplan. */
const UNKNOWN_NUMBERS_AT_MOST = 50;

/** What a caller is asked to key by these, it keys from its first key on. */
const asking: readonly Announcement[] = ["welcome", "key-again", "attendee-id"];

/** How the mirror is brought in line: see `SnapshotOptions`. A standby has no events: each of its snapshots comes after a gap. */
interface How extends Pick<SnapshotOptions, "afterGap" | "isSettled"> {
  readonly isActing: boolean;
}

/** Drives Asterisk by its REST interface (ARI). Each owner has a Stasis application of its own there. */
export class AsteriskDriver implements BridgeDriver {
  readonly #settings: AsteriskSettings;
  readonly #identity: DriverIdentity | null;
  readonly #ports: DriverPorts;
  readonly #link: AsteriskLink;
  #report: (report: DriverReport) => void = () => {};
  #mirror: Mirror;
  #execution: { readonly session: AriSession; readonly executor: Executor } | null = null;
  #bootId: string | null = null;
  /** What was last said of missing sounds. */
  #lacks: string | null = null;
  /** What those dialled of whom it was said that they are turned away. */
  readonly #turnedAway = new Set<string | null>();
  /** The end of the last reconciliation. */
  #reconciled: Promise<unknown> = Promise.resolve();
  /** Events before the first snapshot since this agent acts, but the ends of calls: the snapshot counts first. `null`: it was taken. */
  #early: AriEvent[] | null = [];
  #cancelSettling = () => {};
  /** To be reported after the result that they follow from. */
  #afterResult: BridgeEvent[] = [];
  /** What happens to calls whose dial has no result yet: a telephone may be busy before Asterisk has answered. */
  readonly #ofDials = new Map<CallId, BridgeEvent[]>();

  /** `identity`: `null` for a visitor. */
  constructor(settings: AsteriskSettings, ports: DriverPorts, identity: DriverIdentity | null) {
    this.#settings = settings;
    this.#identity = identity;
    this.#ports = ports;
    this.#mirror = new Mirror(identity);
    this.#link = new AsteriskLink(settings, identity, ports, {
      connected: (bootId) => this.#connected(bootId),
      disconnected: (why, isReplaced) => this.#disconnected(why, isReplaced),
      begun: (session, isSettled) => this.#begun(session, isSettled),
      event: (event) => {
        this.#execution?.executor.happened(event);
        if (this.#early && !isEndOfKnown(this.#mirror, event)) this.#early.push(event);
        else this.#follow(applyEvent(this.#mirror, event));
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
    const act = async () =>
      (await session.activation) ? this.#executorOf(session).execute(commandId, conference, command) : null;
    try {
      const result = await this.#link.orLost(session, act);
      if (result !== null) return result;
      return isTooSlow ? { done: "unknown", tooSlow: true } : { done: "unknown" };
    } finally {
      cancel();
      release();
    }
  }

  announce(call: CallId, announcement: Announcement): void {
    const { session } = this.#link;
    if (session === null || session.activation === null) return;
    const asked = this.#mirror.calls.get(call);
    if (asked && asking.includes(announcement)) asked.isBehindGap = false;
    this.#executorOf(session).announce(call, announcement);
  }

  async state(): Promise<DriverState | null> {
    const { session } = this.#link;
    if (session === null) return null;
    const isActing = session.activation !== null;
    if (session.activation !== null && !(await session.activation)) return null;
    const isInLine = await this.#reconcile(session, { afterGap: !isActing, isActing, isSettled: true });
    return isInLine ? this.#mirror.state() : null;
  }

  async stop(): Promise<void> {
    this.#report = () => {};
    this.#link.stop();
    this.#endExecution();
  }

  #connected(bootId: string): void {
    if (bootId !== this.#bootId) this.#mirror = new Mirror(this.#identity);
    this.#bootId = bootId;
    this.#early = [];
    this.#report({ type: "connected", bootId, ports: this.#settings.ports ?? null });
    if (this.#identity !== null && this.#link.session !== null) void this.#checkSounds(this.#link.session);
  }

  /** Once for as long as nothing changes. */
  async #checkSounds(session: AriSession): Promise<void> {
    await this.#link.orLost(session, async () => {
      const lacks = await missingSounds(session.ari, this.#settings);
      if (lacks !== null && lacks !== this.#lacks) this.#notice(lacks);
      this.#lacks = lacks;
    });
  }

  #notice(what: string): void {
    this.#report({ type: "notice", text: `Asterisk at ${this.#settings.url} ${what}` });
  }

  /** Once for each number. */
  #noticeTurnedAway(dialled: string | null): void {
    if (this.#turnedAway.has(dialled) || this.#turnedAway.size >= UNKNOWN_NUMBERS_AT_MOST) return;
    this.#turnedAway.add(dialled);
    const whose = dialled === "" ? "calls without a number" : `calls to ${dialled}`;
    this.#notice(
      dialled === null
        ? "cannot describe a call, since the Call-ID of its SIP is no UTF-8: such callers are turned away, and this is said once; " +
            "its own log says when (Invalid UTF-8 string), and the trunk from where"
        : `hands ${whose} to the application ${this.#settings.application}, and dialIn does not have it: such callers are turned away; ` +
            "add the number to dialIn in this agent's settings, or take it out of extensions.conf",
    );
  }

  async #begun(session: AriSession, isSettled: boolean): Promise<boolean> {
    const isInLine = await this.#reconcile(session, { afterGap: true, isActing: true, isSettled });
    if (isInLine && !isSettled)
      this.#cancelSettling = this.#ports.timers.after(SETTLES_WITHIN_MS, () => this.#settleMutes());
    return isInLine;
  }

  /** No snapshot shows a mute: one that an earlier agent asked for, and that was done late, is undone. */
  #settleMutes(): void {
    const up = [...this.#mirror.calls.values()].filter(({ stage }) => stage !== "ringing");
    this.#follow(toDo(...up.map(({ id }) => ({ type: "apply-mute", call: id }) as const)));
  }

  #endExecution(): void {
    this.#cancelSettling();
    this.#execution?.executor.stop();
    this.#execution = null;
  }

  #disconnected(why: string, isReplaced: boolean): void {
    this.#endExecution();
    this.#afterResult = [];
    this.#ofDials.clear();
    this.#report({ type: "disconnected", why, isReplaced });
  }

  #executorOf(session: AriSession): Executor {
    if (this.#execution?.session === session) return this.#execution.executor;
    const executor = new Executor({
      ari: session.ari,
      mirror: this.#mirror,
      settings: this.#settings,
      owner: this.#identity?.owner ?? "",
      timers: this.#ports.timers,
      report: (reports) => {
        this.#afterResult.push(...reports);
        setImmediate(() => this.#reportAll([]));
      },
      notice: (what) => this.#notice(what),
      turnedAway: (dialled) => this.#noticeTurnedAway(dialled),
      failed: (why) => this.#link.lost(session, why),
    });
    this.#execution = { session, executor };
    return executor;
  }

  #follow({ reports, followUps }: Consequences): void {
    const { session } = this.#link;
    this.#reportAll(reports);
    if (session !== null && session.activation !== null) this.#executorOf(session).begin(followUps);
  }

  #reportAll(reports: readonly BridgeEvent[]): void {
    for (const report of [...this.#afterResult.splice(0), ...reports]) {
      const kept = "call" in report ? this.#ofDials.get(report.call) : undefined;
      if (kept) kept.push(report);
      else this.#report(report);
    }
  }

  /** Keeps what happens to a call until the returned function is called, and whoever waits for the result of its dial has gone on. */
  #keepReportsOf(call: CallId): () => void {
    if (this.#ofDials.has(call)) return () => {};
    const kept: BridgeEvent[] = [];
    this.#ofDials.set(call, kept);
    return () =>
      setImmediate(() => {
        if (this.#ofDials.get(call) !== kept) return;
        this.#ofDials.delete(call);
        this.#reportAll(kept);
      });
  }

  /** Brings the mirror in line with Asterisk, one snapshot after another. False: the link is over. */
  #reconcile(session: AriSession, how: How): Promise<boolean> {
    const isInLine = this.#reconciled.then(() => this.#reconcileNow(session, how));
    this.#reconciled = isInLine;
    return isInLine;
  }

  async #reconcileNow(session: AriSession, { afterGap, isActing, isSettled }: How): Promise<boolean> {
    const mirror = this.#mirror;
    const { application } = this.#settings;
    const options = { application, afterGap, isSettled };
    const isInLine = await this.#link.orLost(session, async () => {
      const { snapshot, since } = await takeSnapshot(session.ari, mirror, this.#ports.timers, options);
      // What happened before the snapshot must be known before it counts.
      if (isActing && !(await this.#link.mark(session))) return false;
      if (session !== this.#link.session) return false;
      const begun = (this.#early ?? []).flatMap((event) => (event.type === "StasisStart" ? [event.channel.id] : []));
      const consequences = [reconcile(mirror, snapshot, since, afterGap, new Set(begun))];
      if (isActing && this.#early) {
        consequences.push(...this.#early.map((event) => applyEvent(mirror, event)));
        this.#early = null;
      }
      for (const each of consequences) this.#follow(each);
      return true;
    });
    return isInLine ?? false;
  }
}

/** Driver for Asterisk from 16.11, 17.5 or 18 on, through its REST interface. */
export const asterisk = {
  settings: asteriskSettings,
  example: {
    type: "asterisk",
    url: "http://127.0.0.1:8088/ari",
    user: "bridgehead",
    passwordFile: "/etc/bridgehead/ari-password",
    application: "bridgehead",
    endpoint: "PJSIP/{number}@trunk",
    callerId: "18005551234",
    ports: 350,
    language: "en",
    sounds: { welcome: ["conf-getconfno"] },
    talking: { silenceMs: 1_200, level: 256 },
  },
  create: (settings, ports, identity) => new AsteriskDriver(settings, ports, identity),
  doctor: { connected: "it is an Asterisk with all that the driver needs", advice: () => "", inspect: inspectAsterisk },
  init: initAsterisk,
} satisfies DriverKind<AsteriskSettings> & { settings: typeof asteriskSettings };
