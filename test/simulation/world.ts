import { Draws } from "../../simulators/draws.ts";
import { AgentProcess } from "./agent-process.ts";
import { checkAtQuiet, checkNothingPends, type Parts } from "./at-quiet.ts";
import { Bridge } from "./bridge.ts";
import { Clock } from "./clock.ts";
import { disturb, heal } from "./disturb.ts";
import { agentNames, Edge } from "./edge.ts";
import { type FaultKind, Faults, faultRates } from "./faults.ts";
import { Dead } from "./hosted.ts";
import { Meeting } from "./meeting.ts";
import { OncePerAct } from "./once.ts";
import { type Surroundings, worldBegins } from "./surroundings.ts";
import { Webex } from "./webex.ts";

export interface Violation {
  readonly rule: string;
  readonly how: string;
  /** Milliseconds since the world began. */
  readonly at: number;
}

export interface Outcome {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly counts: Readonly<Partial<Record<FaultKind, number>>>;
  /** Names of the faults and of the actions that happened: each can be spared in another run of the seed. */
  readonly faults: readonly string[];
  readonly actions: readonly string[];
  readonly story: readonly string[];
  readonly events: number;
}

export interface Options {
  readonly seed: number;
  /** Faults and actions that are not to happen. */
  readonly spared?: ReadonlySet<string>;
  /** Whether to write down what happens. */
  readonly withStory?: boolean;
}

const livelyMs = 20 * 60_000;
/** Enough for a call that rings, the longest deadline, three attempts of each transaction and a clock that was set back. */
const untilQuietMs = 6 * 60_000;
const stillMs = 60_000;
/** By then another agent has taken over, and has told all that it knows. */
const takeoverMs = 30_000;

let present: Surroundings | null = null;
process.on("unhandledRejection", (error) => {
  if (!(error instanceof Dead)) {
    present?.violated(
      "no rejection goes unhandled",
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    );
  }
});

/** Lives through one world. Must be called from the event loop itself, not from a promise's reaction: see `Clock`. */
export function run({ seed, spared = new Set(), withStory = false }: Options): Outcome {
  const clock = new Clock();
  const story: string[] = [];
  const violations: Violation[] = [];
  const tell = (line: () => string): void => {
    if (withStory) story.push(`${(clock.now / 1000).toFixed(3).padStart(9)} ${line()}`);
  };
  const draws = new Draws(seed, "world");
  const faults = new Faults({
    seed,
    strength: strengths(draws),
    spared,
    now: () => clock.now,
    tell: (line) => tell(() => line),
  });
  const around: Surroundings = {
    seed,
    clock,
    faults,
    tell,
    violated(rule, how) {
      violations.push({ rule, how, at: clock.now });
      tell(() => `** ${rule}: ${how}`);
    },
    edgeNow: () => Math.floor(worldBegins + clock.now + edge.skewMs),
  };
  present = around;
  const webex = new Webex(around, 2 + draws.between(0, 2));
  const agentCount = draws.chance(0.5) ? 1 : 2;
  const edge = new Edge(around, agentCount, (origin, request) => webex.receive(origin, request));
  webex.edge = edge;
  const bridge = new Bridge(around);
  const agents = agentNames.slice(0, agentCount).map((name) => new AgentProcess(name, around, edge.relay, bridge));
  const actions: string[] = [];
  const meetings = Array.from(
    { length: draws.between(2, 5) },
    (_, index) => new Meeting(index, { around, webex, bridge, spared, done: actions }),
  );
  const parts: Parts = { around, edge, webex, bridge, agents, meetings };
  connect(parts);
  disturb(parts);

  try {
    clock.runUntil(livelyMs);
    heal(parts);
    clock.runUntil(livelyMs + untilQuietMs / 2);
    checkNothingPends(parts);
    edge.sweep();
    for (const meeting of meetings) meeting.closeAgain();
    letEachAgentAct(parts);
    clock.runUntil(livelyMs + untilQuietMs);
    checkAtQuiet(parts);
    checkStillness(parts);
  } catch (error) {
    around.violated("nothing is thrown", error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  for (const { disk } of edge.objects()) disk.close();
  for (const { journal } of agents) journal.close();
  return { seed, violations, counts: faults.counts, faults: faults.happened, actions, story, events: clock.events };
}

/** Tells the meetings what they must know of each other's sides. */
function connect({ around, edge, webex, bridge, meetings }: Parts): void {
  const once = new OncePerAct(around, edge.relay.whoActs);
  edge.relay.whoActs.onChange = () => bridge.agentComes();
  bridge.onAct = (execution) => {
    once.check(execution);
    if (execution.command.type !== "create-conference" || !execution.done) return;
    for (const meeting of meetings) if (meeting.key === execution.conference) meeting.bridgeCreates();
  };
  webex.onMessage = (server, message, leftAt) => {
    const association = "extConfId" in message && message.extConfId && webex.associations.get(message.extConfId);
    if (!association || "result" in message || association.host !== server.host) return;
    const madeAt = edge.madeAt.get(message.msgId) ?? leftAt;
    for (const meeting of meetings) if (meeting.owns(association)) meeting.hears(association, message, madeAt);
  };
  edge.onGivenUp = (confKey, messages, all) => {
    if (all) webex.checkGivenUp(messages);
    for (const meeting of meetings) if (meeting.key === confKey) meeting.gaveUp(messages);
  };
}

/** What an agent has kept for its next time as the active one, such as keyed attendee IDs, is told before all must be quiet. */
function letEachAgentAct({ around, agents }: Parts): void {
  for (const agent of agents) {
    for (const other of agents) if (other !== agent) other.die();
    around.clock.runUntil(around.clock.now + takeoverMs);
  }
}

/** Once all is quiet it stays so, whoever is started anew. */
function checkStillness(parts: Parts): void {
  const { around, edge, webex, bridge, agents } = parts;
  const told = webex.told;
  const acts = bridge.acts.length;
  for (const object of edge.objects()) object.die("all is started anew");
  edge.relay.die();
  for (const agent of agents) agent.die();
  around.clock.runUntil(around.clock.now + stillMs);
  if (webex.told > told) around.violated("what is quiet stays quiet", `${webex.told - told} new posts`);
  if (bridge.acts.length > acts) {
    around.violated("what is quiet stays quiet", `new acts: ${JSON.stringify(bridge.acts.slice(acts))}`);
  }
  checkAtQuiet(parts);
}

/** Some worlds have no faults, some one kind of them, most have many. */
function strengths(draws: Draws): Partial<Record<FaultKind, number>> {
  const kinds = Object.keys(faultRates) as FaultKind[];
  const sort = draws.weighted({ none: 1, one: 3, some: 3, all: 3 });
  if (sort === "none") return {};
  if (sort === "one") {
    const kind = draws.pick(kinds);
    return kind ? { [kind]: 4 } : {};
  }
  const chosen = kinds.filter(() => sort === "all" || draws.chance(0.3));
  const strength = 0.4 + draws.next();
  return Object.fromEntries(chosen.map((kind) => [kind, strength]));
}
