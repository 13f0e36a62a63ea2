import { isCompared } from "../../src/bridge/events.ts";
import type { ConfKey, DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { setLimited, TokenBucket } from "../../src/foundation/limits.ts";
import { assertNever } from "../../src/foundation/result.ts";
import { inPortions } from "../../src/foundation/time/in-portions.ts";
import { within } from "../../src/foundation/time/timers.ts";
import { type ForConference, type ForDirectory, findLink, joinWaiting, type RelayState } from "../../src/link/relay.ts";
import type { AgentReports, ConferenceRpc } from "../../src/rpc/conference.ts";
import type { DirectoryRpc } from "../../src/rpc/directory.ts";
import type { Platformed } from "../../src/rpc/objects.ts";
import type { Platform } from "../platform/platform.ts";
import type { AgentSockets } from "./agent-sockets.ts";
import type { Identity, RelayLog, RelayStore } from "./relay-store.ts";

export interface ReportsPorts extends Pick<Platform, "now" | "after" | "measures" | "onDisk"> {
  conference(
    domain: DomainName,
    key: ConfKey,
  ): Pick<ConferenceRpc, "ackCommands" | "report" | "compareDigest"> & Pick<Platformed, "id">;
  /** See `DirectoryRpc`. */
  readonly keepPromptCalls: DirectoryRpc["keepPromptCalls"];
  readonly sockets: Pick<AgentSockets, "send">;
  /** The bridge's identity now. */
  identity(): Identity | undefined;
  state(): RelayState;
  /** Since when the relay has lost nothing. */
  known(): Pick<AgentReports, "knownSince">;
}

const answerWithinMs = 10_000;
const keptWithinMs = 10_000;
/** How many conferences may be brought something at a time. */
const mostConferences = 10_000;
/** Number of conferences of a large bridge. */
const mostConfirmed = 50_000;
/** How many that the edge does not know get an object. Keys that an agent makes up must not fill the disk. */
const finding = { burst: 10_000, perSecond: 0.1 };

/** Brings conferences what agents send for them: in order, one call at a time. */
export class BridgeReports {
  readonly #ports: ReportsPorts;
  readonly #store: RelayStore;
  readonly #log: RelayLog;
  /** `null`: not asked in this life. */
  #finding: TokenBucket | null = null;
  /** For each conference, what waits behind the call under way. */
  readonly #waiting = new Map<ConfKey, readonly ForConference[]>();
  #isKeeping = false;
  /** Conferences for which nothing waits but a comparison, in the order of their turns. */
  readonly #toCompare = new Set<ConfKey>();
  #isComparing = false;
  /**
   * Last confirmed digest of each conference, or the pending question to it. A command or report removes it. The relay answers the agent
   * with it instead of waking the conference. A restarted relay asks the conferences again.
   */
  readonly #confirmed = new Map<ConfKey, string | ForConference>();

  constructor(ports: ReportsPorts, store: RelayStore, log: RelayLog) {
    this.#ports = ports;
    this.#store = store;
    this.#log = log;
  }

  add(said: ForConference | ForDirectory): void {
    if (said.type === "prompt-calls") return void this.#keep(said);
    const { conference } = said;
    if (said.type === "reports") this.#confirmed.delete(conference);
    const isKnown = this.#store.hasConference(conference, this.#ports.now());
    if (said.type === "digest") {
      if (!isKnown) return this.#answerUnknown(said);
      return this.#confirmed.get(conference) === said.digest ? this.#confirmDigest(said) : this.#wait(said);
    }
    if (isKnown || this.#find(said)) return this.#wait(said);
    // Without an ack, the agent would send its reports for ever.
    if (said.type === "reports") this.#ack(said, said.reports.at(-1)?.number ?? 0);
  }

  /** Forgets the confirmed digest of a changed conference unless it has this one. Without a conference, forgets all. */
  changed(conference?: ConfKey, digest?: string): void {
    if (conference === undefined) this.#confirmed.clear();
    else if (this.#confirmed.get(conference) !== digest) this.#confirmed.delete(conference);
  }

  /** Creates no object, because the agent may have made the key up. Its snapshot creates the object. */
  #answerUnknown(said: Extract<ForConference, { type: "digest" }>): void {
    const { id, conference } = said;
    const mayFind = this.#allowance.lacksMs(1, this.#ports.now()) === 0;
    if (mayFind) this.#ports.sockets.send(id, { type: "snapshot-wanted", conference });
    else this.#confirmDigest(said);
  }

  /** A bridge may hold conferences that the edge does not know, as after a loss of the edge's state: an object looks after each. */
  #find(said: Exclude<ForConference, { type: "digest" }>): boolean {
    if (said.type === "commands-ack") return false;
    const { id, conference } = said;
    const identity = this.#ports.identity();
    const now = this.#ports.now();
    const isFound = this.#mayFind(now);
    if (identity) this.#ports.measures.foreignReports.count({ ...identity });
    const about = { conference, ...(!isFound && { why: "too many" }) };
    this.#log("foreign-conference", findLink(this.#ports.state(), id)?.agent ?? "", about, "warn");
    if (!isFound) return false;
    this.#store.addConference(conference, now);
    // What happened there says little of all that is there.
    if (!isComparison(said)) this.#ports.sockets.send(id, { type: "snapshot-wanted", conference });
    return true;
  }

  /** A row more beside those of the object that is made: a relay that begins anew must grant no more. */
  #mayFind(now: EpochMs): boolean {
    const isFound = this.#allowance.spend(1, now);
    if (isFound) this.#store.write("finding", { left: this.#allowance.left, at: now });
    return isFound;
  }

  get #allowance(): TokenBucket {
    if (this.#finding) return this.#finding;
    const { left, at = this.#ports.now() } = this.#store.read("finding") ?? {};
    this.#finding = new TokenBucket(finding, at, left);
    return this.#finding;
  }

  /** Joins what comes in one turn before it is brought. The agent repeats what is dropped. */
  #wait(said: ForConference): void {
    const { conference } = said;
    const waiting = this.#waiting.get(conference);
    if (!waiting && this.#waiting.size >= mostConferences)
      return this.#log("too-many-conferences-wait", "", { conference }, "warn");
    this.#waiting.set(conference, joinWaiting(waiting ?? [], said));
    const isUnderWay = waiting && !this.#toCompare.has(conference);
    if (isUnderWay) return;
    if (isComparison(said)) {
      this.#toCompare.add(conference);
      if (!this.#isComparing) queueMicrotask(() => this.#compareAll());
      this.#isComparing = true;
    } else {
      this.#toCompare.delete(conference);
      queueMicrotask(() => this.#bringAll(conference));
    }
  }

  /** After a failure the agent repeats. A conference that hangs is brought the next message all the same. */
  async #bringAll(conference: ConfKey): Promise<void> {
    for (;;) {
      const [said, ...others] = this.#waiting.get(conference) ?? [];
      const identity = this.#ports.identity();
      if (!said || !identity) break;
      this.#waiting.set(conference, others);
      try {
        await within(this.#ports, answerWithinMs, "the answer", this.#bring(said, identity));
      } catch (error) {
        const { id } = this.#ports.conference(identity.domain, conference);
        const facts = { conference, ...(id && { objectId: String(id) }), error: String(error) };
        this.#log("conference-not-reached", "", facts, "error");
      }
    }
    this.#waiting.delete(conference);
  }

  async #compareAll(): Promise<void> {
    const nextTurns = (most: number) => [...this.#toCompare].slice(0, most).map((one) => () => this.#compare(one));
    const hasMore = () => this.#toCompare.size > 0;
    while (hasMore()) await inPortions(this.#ports, { hasMore, take: nextTurns });
    this.#isComparing = false;
  }

  #compare(conference: ConfKey): Promise<void> {
    this.#toCompare.delete(conference);
    return this.#bringAll(conference);
  }

  async #bring(said: ForConference, { domain, bridge }: Identity): Promise<void> {
    const { conference: confKey } = said;
    const conference = this.#ports.conference(domain, confKey);
    const begunAt = this.#ports.now();
    switch (said.type) {
      case "commands-ack":
        return conference.ackCommands(bridge, said.ids, said.waiting);
      case "reports": {
        const { type: _, id: __, conference: ___, ...sent } = said;
        const activeSince = this.#ports.state().lastActive?.since ?? null;
        const of = { domain, bridge, confKey, activeSince, ...this.#ports.known() };
        const upTo = await conference.report({ ...of, ...sent });
        const observe = () => this.#ports.measures.eventSeconds.observe({ domain }, this.#ports.now() - begunAt);
        // What is lost comes again.
        if (this.#ports.onDisk) void this.#ports.onDisk().then(observe, () => {});
        else observe();
        return this.#ack(said, upTo);
      }
      case "digest": {
        setLimited(this.#confirmed, confKey, said, mostConfirmed);
        const found = await conference.compareDigest(bridge, said.digest);
        if (found === "same") {
          if (this.#confirmed.get(confKey) === said) this.#confirmed.set(confKey, said.digest);
          return this.#confirmDigest(said);
        }
        if (found === "undecided") return; // Not confirmed, the digest comes again in a minute.
        this.#log("conference-differs", "", { conference: confKey });
        return this.#ports.sockets.send(said.id, { type: "snapshot-wanted", conference: confKey });
      }
      default:
        return assertNever(said);
    }
  }

  /** One call to the directory at a time: the agent repeats what comes meanwhile, and what fails. */
  async #keep({ type: _, id, upTo, at, ...said }: ForDirectory): Promise<void> {
    const identity = this.#ports.identity();
    if (!identity || this.#isKeeping) return;
    this.#isKeeping = true;
    try {
      const { domain, bridge } = identity;
      const aheadMs = at - this.#ports.now();
      const kept = this.#ports.keepPromptCalls(domain, { bridge, ...said, aheadMs });
      await within(this.#ports, keptWithinMs, "the answer", kept);
      this.#ports.sockets.send(id, { type: "prompt-calls-ack", upTo });
    } catch (error) {
      this.#log("directory-not-reached", "", { error: String(error) }, "error");
    } finally {
      this.#isKeeping = false;
    }
  }

  #ack({ id, conference, stream }: Extract<ForConference, { type: "reports" }>, upTo: number): void {
    this.#ports.sockets.send(id, { type: "reports-ack", conference, stream, upTo });
  }

  #confirmDigest({ id, conference, digest }: Extract<ForConference, { type: "digest" }>): void {
    this.#ports.sockets.send(id, { type: "digest-confirmed", conference, digest });
  }
}

function isComparison(said: ForConference): boolean {
  return said.type === "digest" || (said.type === "reports" && said.reports.every(({ report }) => isCompared(report)));
}
