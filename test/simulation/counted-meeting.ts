import { type Budget, type BudgetedUnits, budgetedUnits } from "../../bench/cost/budget.ts";
import { causes, idleTenant, Meeting, type MeetingSides, type TspServer } from "../../bench/cost/meeting.ts";
import type { PostRequest } from "../../durable-objects/platform/post.ts";
import { type Request, serverIds } from "../../simulators/webex/client.ts";
import { type AdapterMessage, describe } from "../../simulators/webex/server.ts";
import type { BridgeName, ExtCallId, ExtConfId, WebexHost } from "../../src/foundation/ids.ts";
import { completeText } from "../../src/tsp/codec.ts";
import { Clock } from "../kit/clock.ts";
import { worldBegins } from "../kit/world-begins.ts";
import { testDomain } from "../local-domain.ts";
import { AgentProcess } from "./agent-process.ts";
import { Bridge, dialIn } from "./bridge.ts";
import type { EdgeMachines, WorldContext } from "./context.ts";
import { Edge, type Shared } from "./edge.ts";
import { Faults } from "./faults.ts";
import { simulatedKey } from "./relay-host.ts";
import { webexCodec } from "./webex.ts";
import { WorkerProcess } from "./worker-process.ts";

/** Units of each cause, and of an hour before the meeting; and the rules of the simulation that were broken. */
export interface CountedMeeting {
  readonly measured: Budget;
  readonly violations: readonly string[];
}

/** Longer than anything goes on that a cause has begun. */
const quietMs = 15_000;
const hourMs = 3_600_000;
const agent = "agent-1";

/** Lives through the meeting of `npm run cost` in virtual time. Without faults, and each mute, speech and minute takes place. */
export function liveThroughMeeting(settings: object = {}): Promise<CountedMeeting> {
  return new Promise((resolve, reject) => {
    // The clock runs from the event loop itself.
    setImmediate(() => {
      try {
        resolve(new World(settings).live());
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** What belongs to no cause alone: a change to one would move it into another. */
const onceInAWhile = "blocks of ids, and the state on disk";

interface Counted {
  readonly caused: BudgetedUnits;
  /** What comes by the clock: the digests and the sweep. */
  readonly checks: BudgetedUnits;
  /** Once in so many messages and rows of the journal. */
  readonly [onceInAWhile]: BudgetedUnits;
}

class World {
  readonly #violations: string[] = [];
  readonly #context = newContext(this.#violations);
  readonly #clock = this.#context.clock;
  readonly #servers = new Map<string, VirtualServer>();
  readonly #edge: Edge;
  readonly #bridge: Bridge;
  readonly #agent: AgentProcess;

  constructor(settings: object) {
    const domain = testDomain(settings, [{ name: agent, publicKey: simulatedKey(agent).publicKey }]);
    const [{ name = "" } = {}] = domain.settings.bridges;
    const edges: Shared["edges"] = new Map();
    const shared = { edges, worker: new WorkerProcess(edges), runtime: null };
    this.#edge = new Edge(this.#context, shared, domain, async (_origin, _life, { url, body }) => {
      const server = this.#servers.get(url);
      return server ? server.receive(body) : { kind: "failed", reason: "connection refused" };
    });
    this.#bridge = new Bridge(
      this.#context,
      { name: name as BridgeName, owner: `${domain.name}/${name}` },
      null,
      false,
    );
    this.#agent = new AgentProcess(agent, this.#context, this.#edge.relayOf(this.#bridge.name), this.#bridge);
  }

  live(): CountedMeeting {
    this.#clock.runUntil(60_000);
    const before = this.#units;
    this.#clock.runUntil(60_000 + hourMs);
    const measured: Record<string, BudgetedUnits> = { [idleTenant]: this.#since(before, true) };
    let end: unknown;
    this.#play(measured).then(
      () => {
        end = "played";
      },
      (error: unknown) => {
        end = error;
      },
    );
    while (end === undefined) this.#clock.runUntil(this.#clock.now + 60_000);
    measured[onceInAWhile] = difference(this.#units[onceInAWhile], before[onceInAWhile]);
    for (const { disk } of this.#edge.objects()) disk.close();
    this.#agent.journal.close();
    if (end !== "played") throw end;
    return { measured, violations: this.#violations };
  }

  async #play(measured: Record<string, BudgetedUnits>): Promise<void> {
    const meeting = await Meeting.start(this.#sides());
    for (const { name, times, isIdle, play } of causes) {
      const before = this.#units;
      for (let time = 0; time < times; time++) {
        await play(meeting);
        if (!isIdle) await this.#clock.wait(quietMs);
      }
      measured[name] = this.#since(before, isIdle);
    }
  }

  #since({ caused, checks }: Counted, isIdle: boolean): BudgetedUnits {
    const now = this.#units;
    const added = difference(now.caused, caused);
    return isIdle ? sum([added, difference(now.checks, checks)]) : added;
  }

  #sides(): MeetingSides {
    const clock = this.#clock;
    const { machine } = this.#bridge;
    const callOf = (id: string) => {
      const call = [...machine.world.calls.values()].find((one) => one.id === id);
      if (!call) throw new Error(`there is no call ${id}`);
      return call;
    };
    return {
      bridge: {
        callIn: async (from, keys) => machine.dialIn(from, keys, dialIn),
        talk: async (id, talking) => machine.talk(callOf(id), talking),
        hangUp: async (id) => machine.hangUp(callOf(id)),
      },
      startServer: async (serverId) => {
        const server = new VirtualServer(serverId, clock, this.#edge, () => this.#servers.delete(server.url));
        this.#servers.set(server.url, server);
        return server;
      },
      pause: (ms) => clock.wait(ms),
    };
  }

  /** All that was counted so far. */
  get #units(): Counted {
    const edge = this.#edge;
    const { billed: allocator, disk: ids } = edge.allocator;
    const frames = edge.relays.flatMap((relay) => [...relay.frames]);
    const framesOf = (isCounted: (type: string) => boolean) =>
      frames.reduce((total, [type, count]) => total + (isCounted(type) ? count : 0), 0);
    const objects = edge.objects().map(({ billed, disk }) => ({
      ...none,
      objectRequests: billed.calls + billed.checks + billed.alarms,
      rowsWritten: disk.rowsWritten + billed.alarmsSet,
      alarms: billed.alarms,
    }));
    const checks = {
      ...none,
      objectRequests: edge.objects().reduce((total, { billed }) => total + billed.checks, allocator.alarms),
      socketMessages: framesOf((type) => type === "digests"),
      rowsWritten: allocator.alarmsSet,
      alarms: allocator.alarms,
    };
    const state = [...edge.conferences.values()].reduce((total, { disk }) => total + disk.entriesWritten, 0);
    const shared = {
      ...none,
      objectRequests: allocator.calls,
      rowsWritten: ids.rowsWritten + state,
    };
    const all = sum([...objects, { ...none, workerRequests: edge.posts, socketMessages: framesOf(() => true) }]);
    return { caused: difference(difference(all, checks), shared), checks, [onceInAWhile]: shared };
  }
}

/** A TSP server that names each caller who enters, as `WebexServer` does over HTTP. */
class VirtualServer implements TspServer {
  readonly host: WebexHost;
  readonly url: string;
  readonly posts: string[] = [];
  readonly client: TspServer["client"];
  readonly stop: TspServer["stop"];
  readonly #clock: Clock;
  readonly #messages: AdapterMessage[] = [];
  readonly #extCallIds = new Map<string, ExtCallId>();
  #nextCall = 70_000;

  constructor(serverId: number, clock: Clock, edge: Edge, stopped: () => void) {
    this.host = `127.0.0.1:${8800 + serverId}` as WebexHost;
    this.url = `http://${this.host}/`;
    this.#clock = clock;
    this.stop = async () => stopped();
    const { msgId, transId } = serverIds(serverId, () => worldBegins + clock.now);
    const post = async (...requests: Request[]) => {
      const id = transId();
      const body = completeText(webexCodec.encode(id, requests));
      await clock.wait(wayMs);
      const { status, text } = await edge.receive(encoder.encode(body));
      const confirmation = webexCodec.readConfirmation(encoder.encode(text));
      if (!confirmation.ok) throw new Error(`TransID ${id} got no Confirmation, but status ${status}`);
      return { transId: id, body, result: confirmation.value.result };
    };
    this.client = { msgId, post };
  }

  async receive(body: PostRequest["body"]) {
    await this.#clock.wait(wayMs);
    this.posts.push(body);
    const document = webexCodec.decode(encoder.encode(body));
    if (!document.ok) throw new Error(document.detail);
    for (const message of document.messages) {
      this.#messages.push(message);
      if (message.type === "caller-entered") void this.#name(message);
    }
    return {
      ...({ kind: "answered", status: 200 } as const),
      body: encoder.encode(webexCodec.confirm(document.transId, "ok")),
    };
  }

  async #name(entered: Extract<AdapterMessage, { type: "caller-entered" }>): Promise<void> {
    const { msgId, extConfId, attendeeId } = entered;
    const extCallId = entered.extCallId ?? (String(this.#nextCall++) as ExtCallId);
    await this.client.post({ type: "caller-named", msgId, extConfId, extCallId });
    this.#extCallIds.set(`${extConfId}/${attendeeId ?? ""}`, extCallId);
  }

  waitFor: TspServer["waitFor"] = (what: string, fits: (message: AdapterMessage) => boolean) =>
    this.#within(what, () => this.#messages.find(fits)) as Promise<never>;

  extCallIdOf(extConfId: ExtConfId, attendeeId: string): Promise<ExtCallId> {
    return this.#within(`attendee ${attendeeId} is named`, () => this.#extCallIds.get(`${extConfId}/${attendeeId}`));
  }

  async #within<Found>(what: string, find: () => Found | undefined): Promise<Found> {
    for (let waitedMs = 0; waitedMs < 5_000; waitedMs += wayMs) {
      const found = find();
      if (found !== undefined) return found;
      await this.#clock.wait(wayMs);
    }
    throw new Error(`expected: ${what}\ncame:\n  ${this.#messages.map(describe).join("\n  ")}`);
  }
}

/** A post takes so long to its server. */
const wayMs = 5;
const encoder = new TextEncoder();

function newContext(violations: string[]): WorldContext {
  const clock = new Clock();
  const tell = () => {};
  // As the platform evicts an object without work.
  const edgeMachines: EdgeMachines = { skewMs: 0, clockSetAt: -1, isDiskFull: false, idleMs: 10_000 };
  return {
    seed: 1,
    site: "",
    clock,
    edgeMachines,
    lie: {},
    boosts: new Set(),
    tell,
    faults: new Faults({ seed: 1, strength: {}, spared: new Set(), now: () => clock.now, tell }),
    judging: (_, judge) => void judge(),
    violated: (rule, how) => violations.push(`${rule}: ${how}`),
    edgeNow: () => Math.floor(worldBegins + clock.now),
  };
}

const none = unitsBy(() => 0);

function sum(units: readonly BudgetedUnits[]): BudgetedUnits {
  return unitsBy((unit) => units.reduce((total, one) => total + one[unit], 0));
}

function difference(after: BudgetedUnits, before: BudgetedUnits): BudgetedUnits {
  return unitsBy((unit) => after[unit] - before[unit]);
}

function unitsBy(value: (unit: keyof BudgetedUnits) => number): BudgetedUnits {
  return Object.fromEntries(budgetedUnits.map((unit) => [unit, value(unit)])) as unknown as BudgetedUnits;
}
