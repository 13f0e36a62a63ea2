import type { Draws } from "../../simulators/draws.ts";
import { LATEST_MS } from "../../src/bridge/commands.ts";
import type { AccessCodes } from "../../src/bridge/schemas.ts";
import type { EntryRules } from "../../src/conference/head.ts";
import type { ConfKey, ExtCallId, ExtConfId, MsgId } from "../../src/foundation/ids.ts";
import { SILENCE_MS } from "../../src/link/relay.ts";
import type { FromWebexMessages, ToWebex } from "../../src/tsp/messages.ts";
import { type AskedCall, Association, type MeetingKnowledge } from "./association.ts";
import type { Bridge, Bridges } from "./bridge.ts";
import { draws, type WorldContext } from "./context.ts";
import type { GivenUp } from "./edge.ts";
import { LateRequests } from "./late-requests.ts";
import { MeetingActions } from "./meeting-actions.ts";
import { type Body, MeetingRequests } from "./meeting-requests.ts";
import type { Operators } from "./operators.ts";
import { Phones } from "./phones.ts";
import { secretBegin } from "./shown-judge.ts";
import type { Switches } from "./switches.ts";
import type { Obligation, Request, Server, Webex } from "./webex.ts";

type Phase = "idle" | "creating" | "running" | "closing" | "detached";

/** What all meetings of a site stand on. */
export interface MeetingWorld {
  readonly context: WorldContext;
  readonly webex: Webex;
  readonly bridges: Bridges;
  readonly switches: Switches;
  readonly spared: ReadonlySet<string>;
  readonly done: string[];
  /** Of all meetings. */
  keys(): readonly ConfKey[];
}

const movePauseMs = 60_000;
export const silentId = `${secretBegin}4711`;
const otherSilentIds = [silentId, `${secretBegin}4712`, `${secretBegin}4713`];

/** One WebEx meeting from its first conference to its last: the meeting server, the host and all who phone. */
export class Meeting implements MeetingKnowledge {
  key: ConfKey;
  phase: Phase = "idle";
  association: Association | null = null;
  readonly askedCalls = new Map<ExtCallId, AskedCall>();
  readonly phones: Phones;
  /** No new action is begun. */
  quiet = false;
  /** `null`: nobody acts but WebEx and the telephones. */
  operators: Operators | null = null;
  readonly name: string;
  readonly #context: WorldContext;
  readonly #webex: Webex;
  readonly #bridges: Bridges;
  readonly draws: Draws;
  readonly #spared: ReadonlySet<string>;
  readonly #done: string[];
  server: Server;
  #handles = 0;
  #calls = 0;
  #keys = 0;
  /** The host has locked it by telephone, or may have. */
  lockedByPhone = false;
  /** Whether the last close was to let the conference go on. */
  #keepsAlive = false;
  readonly #requests: MeetingRequests;
  readonly #actions: MeetingActions;
  readonly #late: LateRequests;
  readonly #associations = new Set<Association>();
  #attempts = 0;
  /** A create is on its way. */
  #posting = false;
  /** What the latest create says of those who enter. */
  rules: Omit<EntryRules, "accessCodes"> & { readonly accessCodes: AccessCodes | null } = {
    maxCallers: 50,
    anonymousId: silentId,
    accessCodes: null,
  };
  readonly #changesCreates: boolean;
  readonly creates: Draws;
  readonly moves: Draws;
  /** Many dial in at once now and then. */
  readonly #hasCrowds: boolean;

  constructor(index: number, world: MeetingWorld) {
    this.name = `meeting ${index + 1}`;
    this.#context = world.context;
    this.#webex = world.webex;
    this.#bridges = world.bridges;
    this.#spared = world.spared;
    this.#done = world.done;
    this.draws = draws(world.context, this.name);
    this.#requests = new MeetingRequests(world.context, world.webex, this);
    this.#actions = new MeetingActions(world, this, this.#requests);
    this.#changesCreates = world.switches.changesCreates;
    this.creates = draws(world.context, `creates of ${this.name}`);
    this.moves = draws(world.context, `moves of ${this.name}`);
    // Where two bridges are full, nobody could tell who is to come in.
    this.#hasCrowds = this.moves.chance(0.03) && world.bridges.all.length === 1;
    if (this.moves.chance(0.3) || world.context.boosts.has("move to another server")) this.#moveLater(1);
    this.#late = new LateRequests(world, this, draws(world.context, `late requests of ${this.name}`));
    if (this.#hasCrowds) {
      this.rules = { ...this.rules, maxCallers: 200 };
      this.#actions.crowdLater(1);
    }
    this.phones = new Phones(world.bridges, draws(world.context, `phones of ${this.name}`), {
      prefix: `55${index}`,
      timers: world.context.clock,
      keys: world.keys,
    });
    this.key = this.#newKey(index);
    this.server = world.webex.servers[index % world.webex.servers.length] as Server;
    this.#context.clock.after(this.draws.between(0, 30_000), () => this.create("fresh"));
    this.#actions.start();
  }

  // What the present server's picture is judged by.

  nextCallId(): ExtCallId {
    this.#calls += 1;
    return `${this.name.slice(8)}0${this.#calls}` as ExtCallId;
  }

  open(extConfId: ExtConfId, kind: string, extCallId?: ExtCallId): boolean {
    return !this.operators?.actLately && this.#requests.isOpen(extConfId, kind, extCallId);
  }

  actsByItself(number: string): boolean {
    return (
      this.phones.actsByItself(number) ||
      this.#requests.isUnderWay("mute all") ||
      this.#requests.isUnderWay("unmute all")
    );
  }

  leftByItself(number: string): boolean {
    const { left } = this.phones;
    return (
      left.has(number) || this.#actions.cancelled.has(number) || this.#bridges.all.some(({ lost }) => lost.has(number))
    );
  }

  keyedForTwoAgents(attendeeId: string): boolean {
    const keyedAt = this.#actions.keyedAt.get(attendeeId) ?? Number.NEGATIVE_INFINITY;
    return this.#bridges.all.some(({ agentCameAt }) =>
      agentCameAt.some((cameAt) => cameAt <= keyedAt && keyedAt < cameAt + SILENCE_MS),
    );
  }

  lockedByTelephone(): boolean {
    return this.lockedByPhone;
  }

  // The life of the meeting.

  create(why: "fresh" | "failover" | "again"): void {
    const { clock } = this.#context;
    this.#attempts += 1;
    const attempt = this.#attempts;
    const old = this.association;
    const up = this.#webex.servers.filter((server) => server.up && (why !== "failover" || server !== this.server));
    const server = this.draws.pick(up);
    if (!server) {
      clock.after(5_000, () => this.create(why));
      return;
    }
    this.server = server;
    this.#handles += 1;
    const extConfId = `${this.name.slice(8)}00${this.#handles}` as ExtConfId;
    const association = new Association(extConfId, server.host, this.#context, this);
    // What WebEx itself has closed need not go on, also when no answer or Confirmation came through.
    const isClosed =
      old?.released ||
      old?.endsLater ||
      [...this.#requests.open].some((one) => one.kind === "close" && one.committedAt !== null);
    association.inherits = why === "failover" && old?.isLive && !isClosed ? old : null;
    this.#webex.associations.set(extConfId, association);
    this.#associations.add(association);
    this.association = association;
    this.phase = "creating";
    this.#requests.excuse();
    const obligation = this.#requests.owe("create", extConfId, 15_000, (result) => {
      // Also where another server creates by now, and the adapter does not know it yet.
      if (result === "ok") association.created();
      if (association !== this.association) return;
      if (result === "ok") {
        if (this.phase === "creating") this.phase = "running";
        return;
      }
      if (result === "conference-closed") {
        for (const one of this.#webex.obligations.values()) if (this.#isOwn(one)) one.isOver = true;
      }
      if (result === "conference-closed") this.key = this.#newKey(Number(this.name.slice(8)) - 1);
      if (this.phase === "creating") this.#idle();
    });
    const { key } = this;
    const request: Request = {
      type: "create-conference",
      msgId: obligation.msgId,
      replyTo: server.host,
      extConfId,
      confKey: key,
      conferenceName: topicOf(extConfId),
      hybridToken: `${secretBegin}0000`,
      ...this.#say(),
    };
    this.#posting = true;
    void this.#webex.post(server, [request]).then((confirmed) => {
      this.#posting = false;
      if (old && !isClosed && why === "failover" && old.host !== server.host && obligation.committedAt !== null) {
        old.replacedAt = clock.now;
      }
      if (old && obligation.committedAt !== null && why !== "fresh") this.#late.start(old);
      if (confirmed || association !== this.association || attempt !== this.#attempts) return;
      this.create("failover");
    });
  }

  /** What a create brings beside its names. */
  #say(): Pick<
    FromWebexMessages["create-conference"],
    "maxCallers" | "anonymousId" | "subscriberCode" | "participantCode"
  > {
    if (!this.#changesCreates) return { maxCallers: this.rules.maxCallers ?? 0, anonymousId: silentId };
    const variant = `${this.name.slice(8)}${this.creates.between(1, 4)}`;
    const said = {
      maxCallers: this.creates.pick(this.#hasCrowds ? [0, 200] : [0, 50, 11, 6]) ?? 0,
      anonymousId: this.creates.pick(otherSilentIds) ?? silentId,
      subscriberCode: `${secretBegin}71${variant.padStart(2, "0")}`,
      participantCode: `${secretBegin}72${variant.padStart(2, "0")}`,
    };
    const { maxCallers, anonymousId, subscriberCode: subscriber, participantCode: participant } = said;
    this.rules = { maxCallers: maxCallers || null, anonymousId, accessCodes: { subscriber, participant } };
    return said;
  }

  /** A close came to nothing in time, as WebEx was told: it is for WebEx to ask again. */
  closeAgain(): void {
    if (this.phase === "closing") this.close(this.#keepsAlive);
  }

  /** A close that ran out of time has come to nothing after all. */
  bridgeRefusesEnd(): void {
    for (const association of this.#associations) association.endsLater = false;
  }

  /**
   * A conference that runs for WebEx is never created on the bridge anew (protocol 4.9 F5), unless an edge's clock was set while
   * the server before was behind: by that clock, the end may have been owed for too long.
   */
  bridgeCreates(): void {
    const { association } = this;
    if (this.phase !== "creating" || !association?.inherits?.isLive) return;
    if (this.#context.edgeMachines.clockSetAt >= association.inherits.behindSince) return;
    this.#context.violated("a conference that ended unnoticed is not created anew", association.extConfId);
  }

  /** WebEx moves the meeting to another server now and then, whatever the present one does: most often with people in rooms or talks. */
  #moveLater(number: number): void {
    this.#context.clock.after(-Math.log(1 - this.moves.next()) * movePauseMs, () => {
      if (this.quiet) return;
      this.#moveLater(number + 1);
      const { association, phase } = this;
      const isApart = [...(association?.attendees.values() ?? [])].some(({ room }) => room !== "main");
      const isDue = this.moves.chance(isApart || phase === "creating" ? 0.7 : 0.15);
      const name = `${this.name} moves (${number})`;
      if (!isDue || this.#posting || (phase !== "running" && phase !== "creating") || this.#spared.has(name)) return;
      this.#done.push(name);
      this.#context.tell(() => `== ${name}`);
      this.create("failover");
    });
  }

  /** The server is gone, or what it was told is not all: another one takes over. */
  failOver(): void {
    if (this.#posting) {
      // Two servers that create at once, and the later post first: nobody could put that right.
      this.#context.clock.after(1_000, () => this.failOver());
    } else if (this.phase === "creating" || this.phase === "running") this.create("failover");
  }

  serverDown(server: Server): void {
    if (server !== this.server || this.moves.chance(0.25)) return;
    this.#context.clock.after(this.draws.between(11_000, 25_000), () => {
      if (server === this.server) this.failOver();
    });
  }

  /**
   * A document was given up. The meeting server may notice that its TSP server no longer hears everything, and take another
   * one; or it does not, and the adapter tells that server what it has missed.
   */
  gaveUp({ messages, of }: GivenUp, isBehind: boolean): void {
    const { association } = this;
    if (!association || association.host !== of?.host) return;
    if (isBehind) association.fallsBehind();
    // Where only the Confirmations got lost, nothing is missed.
    if (messages.every(({ msgId }) => this.#webex.arrived.has(msgId as MsgId)) || this.moves.chance(0.6)) return;
    const pause = this.draws.between(1_000, 20_000);
    // Where operators mend it, it notices later.
    this.#context.clock.after(this.operators?.gaveUp() ? 3 * pause : pause, () => {
      if (association === this.association) this.failOver();
    });
  }

  owns(association: Association): boolean {
    return this.#associations.has(association);
  }

  /** `madeAt`: when the adapter decided on it. What WebEx asked later, the adapter could not have known. */
  hears(association: Association, message: ToWebex, madeAt: number): void {
    this.#requests.judgedAt = madeAt;
    association.hears(madeAt);
    switch (message.type) {
      case "conference-changed":
        association.conferenceChanged(message);
        if (message.status === "ended" && association === this.association) this.#ended();
        return;
      case "caller-entered": {
        const extCallId = association.entered(message);
        const server = this.#webex.servers.find(({ host }) => host === association.host);
        if (server) this.#nameLater(server, association, message.msgId, extCallId);
        return;
      }
      case "caller-changed":
        return association.changed(message);
      case "sub-conference-changed":
        return association.subConferenceChanged(message);
      case "sub-conference-call-changed":
        return association.subConferenceCallChanged(message);
      case "joined-sub-conference":
        return association.joinedSubConference(message);
      case "speaking-changed":
        return association.speaking(message);
      default:
    }
  }

  #ended(): void {
    if (this.phase === "running" || this.phase === "closing" || this.phase === "creating") this.#idle();
  }

  #isOwn({ extConfId }: Obligation): boolean {
    const association = extConfId && this.#webex.associations.get(extConfId);
    return association ? this.owns(association) : false;
  }

  #idle(): void {
    this.phase = "idle";
    this.lockedByPhone = false;
    this.#context.clock.after(this.draws.between(3_000, 60_000), () => {
      if (this.phase === "idle" && !this.quiet) this.create("fresh");
    });
  }

  get bridge(): Bridge {
    return this.#bridges.of(this.key);
  }

  close(keepAlive: boolean): boolean {
    const { association } = this;
    this.phase = "closing";
    this.#keepsAlive = keepAlive;
    const body = { type: "close-conference", ...(keepAlive && { keepAlive }) } as Body;
    return this.#requests.ask("close", body, undefined, LATEST_MS, (result) => {
      // Its Confirmation was lost, but by the answer WebEx knows that the conference was let go.
      const isLetGo = keepAlive && result === "ok" && association === this.association && this.phase === "running";
      if (!isLetGo && (association !== this.association || this.phase !== "closing")) {
        // Its Confirmation was lost, and WebEx goes on; but the conference may end, or be over.
        if ((result === "ok" || result === "bridge-timeout") && association) association.endsLater = true;
        return;
      }
      if (result === "no-such-conference") {
        if (!keepAlive) return this.#idle();
        this.phase = "detached"; // An earlier close has let it go, and its answer was given up.
        return;
      }
      if (result !== "ok") {
        // A refusal leaves it as it was; a bridge that takes its time still ends it.
        if (result !== "bridge-timeout") this.phase = "running";
        else if (association) association.endsLater = true;
        return;
      }
      if (!keepAlive) return;
      this.phase = "detached";
      if (association) association.released = true;
      if (this.draws.chance(0.6)) {
        this.#context.clock.after(this.draws.between(5_000, 60_000), () => {
          if (this.phase === "detached" && !this.quiet) this.create("again");
        });
      } else if (association && this.moves.chance(0.5)) {
        this.#context.clock.after(this.moves.between(1_000, 60_000), () => {
          if (this.phase === "detached" && association === this.association && !this.quiet) this.#endLetGo(association);
        });
      }
    });
  }

  /** WebEx has let the conference go on alone, and wants its end after all (protocol 4.8). */
  #endLetGo(association: Association): void {
    this.phase = "closing";
    this.#keepsAlive = false;
    association.wantsEnd = true;
    this.#requests.ask("close", { type: "close-conference" } as Body, undefined, LATEST_MS, (result) => {
      if (association !== this.association || this.phase !== "closing") return;
      if (result === "no-such-conference")
        this.#idle(); // Its last caller had left.
      else if (result !== "ok" && result !== "bridge-timeout") this.phase = "detached";
    });
  }

  /** WebEx names a call, and goes on until the adapter has heard it. */
  #nameLater(server: Server, association: Association, msgId: MsgId, extCallId: ExtCallId): void {
    const name = () => {
      if (association.replacedAt !== null || association.released) return;
      if (!server.up) return void this.#context.clock.after(3_000, name);
      const { extConfId, host } = association;
      const more = this.draws.chance(0.5) ? { extConfId } : {};
      void this.#webex.post(server, [{ type: "caller-named", msgId, replyTo: host, extCallId, ...more }]).then((ok) => {
        if (!ok) this.#context.clock.after(3_000, name);
        else if (association === this.association && !association.named.has(extCallId))
          association.named.set(extCallId, this.#context.clock.now);
      });
    };
    this.#context.clock.after(this.draws.between(10, 1_500), name);
  }

  #newKey(index: number): ConfKey {
    this.#keys += 1;
    return `98765${index}${String(this.#keys).padStart(3, "0")}` as ConfKey;
  }
}

/** The name that a create of this handle gives the meeting. */
export function topicOf(extConfId: ExtConfId | string): string {
  return `Meeting ${extConfId}`;
}
