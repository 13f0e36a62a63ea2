import { setTimeout as pause } from "node:timers/promises";
import type { VisibleState } from "../../simulators/bridge/visible-state.ts";
import { postDocument } from "../../simulators/webex/client.ts";
import type { WebexServer } from "../../simulators/webex/server.ts";
import type { FigureName } from "../../src/operators/figures.ts";
import { noLimit } from "../../src/operators/figures.ts";
import { isDropped, isProbe, type PostsOnDisk, postsOnDisk } from "./posts-on-disk.ts";
import { recordsOnDisk } from "./records.ts";
import { type Shown, type ShownOutcomes, shownIn } from "./shown-figures.ts";
import { countWire, type Range } from "./wire-count.ts";
import type { KillWorld } from "./world.ts";

/** What was counted outside the edge, by the name of the figure that must say the same. */
type Counted = Partial<Record<FigureName, Range | typeof noLimit>>;

interface BridgeSample {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly conferences: number;
  /** By the keys of conferences. */
  readonly callers: ReadonlyMap<string, number>;
  /** How many calls it can have had at once since the sample before this one. */
  readonly portsInUse: Range;
}

export interface FigureVerdict {
  readonly compared: number;
  /** A sentence for each figure that says something else than was counted. */
  readonly wrong: readonly string[];
  /** If some are wrong: the documents about which servers and journals differ. */
  readonly documents: readonly string[];
}

const pollEveryMs = 20_000;
const sampleEveryMs = 100;
const lookEveryMs = 100;
/** Under traffic a figure may be so far behind; at rest it has so long to come right. */
const behindMs = 3_000;
const restMs = 5_000;
/** An agent stands still for 15 s at most, and another one acts some seconds later: until then nobody knows what the bridge does. */
const silentMs = 30_000;
/** So late a look may come that finds the edge alive. */
const aliveWithinMs = 500;
/** Nobody has asked for this. */
const noDocument = "<no><XML";

/** Compares what people are shown with a count of the wire and the bridge: before the first kill, each 20 s under kills, and at rest. */
export class FigureJudge {
  readonly #world: KillWorld;
  readonly #samples: BridgeSample[] = [];
  #lastState: VisibleState | undefined;
  /** Since when the edge has answered, and for how long each time. */
  readonly #alive: { readonly from: number; readonly to: number }[] = [];
  readonly #refusedAt: number[] = [];
  readonly #unansweredAt: number[] = [];
  readonly #wrong: string[] = [];
  #compared = 0;
  #polls = 0;
  /** In how many polls a figure was not known somewhere, as ports and callers while the agent is away. */
  readonly #unknown = new Map<FigureName, number>();

  constructor(world: KillWorld) {
    this.#world = world;
  }

  /** Until it is over. */
  async watch(isOver: () => boolean): Promise<void> {
    await Promise.all([
      this.#each(lookEveryMs, isOver, () => this.#look()),
      this.#each(sampleEveryMs, isOver, () => this.#sample()),
      this.#each(1_000, isOver, () => this.#beRefused()),
      this.#each(pollEveryMs, isOver, () => this.poll("under kills", silentMs)),
    ]);
  }

  async #each(everyMs: number, isOver: () => boolean, act: () => Promise<void>): Promise<void> {
    for (let nextAt = Date.now() + everyMs; !isOver(); ) {
      await pause(Math.min(lookEveryMs, everyMs));
      if (Date.now() < nextAt) continue;
      await act();
      nextAt = Date.now() + everyMs;
    }
  }

  /** `silentMs`: for so long the edge may not have known what the bridge does. */
  async poll(when: string, silentMs = behindMs): Promise<void> {
    const early = this.#early(Date.now());
    const begunAt = Date.now();
    const from = begunAt - silentMs - behindMs;
    const shown = await shownIn(this.#world.run).catch(String);
    await this.#sample();
    if (typeof shown === "string") {
      // An edge that was just killed shows nothing, which is not wrong.
      const hasDied = this.#world.edgeDeaths.some((at) => at >= early);
      if (early >= begunAt - behindMs - aliveWithinMs && !hasDied)
        this.#wrong.push(`${when}: nothing is shown: ${shown}`);
      return;
    }
    const recent = this.#samples.filter(({ at }) => at >= from);
    const over = (count: (sample: BridgeSample) => number): Range => {
      const counts = recent.map(count);
      return [Math.min(...counts), Math.max(...counts)];
    };
    // One conference tells of its callers sooner than another: their sum may be in no sample.
    const keys = new Set(recent.flatMap((sample) => [...sample.callers.keys()]));
    const byKey = [...keys].map((key) => over((sample) => sample.callers.get(key) ?? 0));
    const callers: Range = [total(byKey.map(([least]) => least)), total(byKey.map(([, most]) => most))];
    const ports = recent.map(({ portsInUse }) => portsInUse);
    const portsInUse: Range = [Math.min(...ports.map(([least]) => least)), Math.max(...ports.map(([, most]) => most))];
    const ofBridge: Counted = { callers, portsInUse };
    const wire = countWire(await this.#evidence(), early, Date.now());
    this.#compare(when, shown.figures, { ...wire, ...ofBridge, ...this.#refused(early) }, (value) => value === null);
    this.#polls += 1;
    for (const name of new Set(shown.figures.flatMap(({ name, value }) => (value === null ? name : []))))
      this.#unknown.set(name, (this.#unknown.get(name) ?? 0) + 1);
  }

  /** While a server refuses all, something waits for it. */
  #refused(early: number): Counted {
    const { attempts, answerMode } = this.#world.refusing;
    const first = attempts.find(({ how }) => how === "refused");
    if (!first || first.overAt > early || answerMode.type === "confirm") return {};
    return { documentsWaiting: [1, Number.POSITIVE_INFINITY] };
  }

  /** Five seconds after the last event no figure may be wrong. */
  async atRest(): Promise<FigureVerdict> {
    await pause(restMs);
    const { run, bridge } = this.#world;
    const { figures, outcomes } = await shownIn(run);
    const state = await bridge.state();
    const { conferences, callers: byKey } = bridgeSample(state);
    const portsInUse = state.calls.filter((call) => call.state !== "ended").length;
    const callers = total([...byKey.values()]);
    const { ports } = this.#world;
    const now = Date.now();
    const exactly = (value: number): Range => [value, value];
    const counted: Counted = {
      ...countWire(await this.#evidence(), now, now),
      ...{ conferences: exactly(conferences), running: exactly(conferences), callers: exactly(callers) },
      ...{ creating: exactly(0), unknown: exactly(0), portsInUse: exactly(portsInUse) },
      ...{ documentsWaiting: exactly(0), oldestDocumentSeconds: exactly(0) },
      ports: ports === null ? noLimit : exactly(ports),
      portsFree: ports === null ? noLimit : exactly(ports - portsInUse),
    };
    this.#compare("at rest", figures, counted, () => false);
    await this.#compareOutcomes(outcomes, callers);
    for (const [name, polls] of this.#unknown) {
      const most = name.startsWith("ports") || name === "callers" ? this.#polls - 1 : this.#polls / 2;
      if (polls <= most) continue;
      this.#wrong.push(`under kills: ${name} was not known in ${polls} of ${this.#polls} polls`);
    }
    const documents = this.#wrong.length > 0 ? unlike(await this.#evidence()) : [];
    return { compared: this.#compared, wrong: this.#wrong, documents };
  }

  #compare(when: string, shown: readonly Shown[], counted: Counted, isFine: (value: Shown["value"]) => boolean): void {
    for (const { where, name, value } of shown) {
      const expected = counted[name];
      if (expected === undefined || isFine(value)) continue;
      this.#compared += 1;
      const isRight =
        typeof expected === "string"
          ? value === expected
          : isWithin(typeof value === "number" ? value : null, expected);
      if (!isRight) this.#wrong.push(`${when}, ${where}: ${name} is ${value}, counted were ${textOf(expected)}`);
    }
  }

  /** What became of callers and conferences stands in records, too, which the other judge has compared with the bridge. */
  async #compareOutcomes(outcomes: ShownOutcomes, callers: number): Promise<void> {
    const { records } = await recordsOnDisk(this.#world.run);
    const left = records.filter((record) => record.kind === "call" && record.enteredAt !== null).length;
    const over = records.filter((record) => record.kind === "conference").length;
    const of = (name: string) => outcomes[name] ?? Number.NaN;
    for (const [what, is, expected] of [
      ["call-left", of("call-left"), left],
      ["call-entered", of("call-entered"), left + callers],
      ["conference-ended and -not-created", of("conference-ended") + of("conference-not-created"), over],
    ] as const) {
      this.#compared += 1;
      if (is !== expected) this.#wrong.push(`at rest, outcomes: ${what} is ${is}, and records say ${expected}`);
    }
  }

  async #evidence() {
    const { everyServer: servers, edgeDeaths, run } = this.#world;
    const posts = await postsOnDisk(run);
    const documents = (are: typeof isProbe) => new Set([...posts.keys()].filter((transId) => are(posts.get(transId))));
    return {
      servers,
      edgeDeaths,
      refusedAt: this.#refusedAt,
      unansweredAt: this.#unansweredAt,
      dropped: documents(isDropped),
      probes: documents(isProbe),
      posts,
    };
  }

  /** Whether the edge answers. */
  async #look(): Promise<void> {
    const from = Date.now();
    const answer = await fetch(`${this.#world.run.edgeUrl}/healthz`, { signal: AbortSignal.timeout(1_000) }).catch(
      () => null,
    );
    const last = this.#alive.at(-1);
    if (answer?.ok) this.#alive.push({ from: Math.max(from - lookEveryMs, last?.to ?? 0), to: Date.now() });
  }

  /** The moment since which the edge has lived for as long as a figure may be behind. */
  #early(now: number): number {
    let leftMs = behindMs;
    for (const { from, to } of this.#alive.toReversed()) {
      leftMs -= to - from;
      if (leftMs <= 0) return Math.min(from - leftMs, now - behindMs);
    }
    return 0;
  }

  async #sample(): Promise<void> {
    const state = await this.#world.bridge.state();
    this.#samples.push(bridgeSample(state, this.#lastState));
    this.#lastState = state;
  }

  async #beRefused(): Promise<void> {
    const answer = await postDocument(this.#world.run.adapterUrl, noDocument).catch(() => null);
    // Whoever stands by refuses nothing, and whoever acts counts what it cannot store.
    const isSure = answer !== null && answer.status !== 503;
    (isSure ? this.#refusedAt : this.#unansweredAt).push(Date.now());
  }
}

export function bridgeSample(state: VisibleState, before = state): BridgeSample {
  const entered = state.calls.filter((call) => call.state === "in-conference");
  const byConference = Map.groupBy(entered, ({ conference }) => String(conference));
  const [then, now] = [stages(before), stages(state)];
  const ids = [...new Set([...then.keys(), ...now.keys()])];
  const stays = ids.filter((id) => then.get(id) === "live" && now.get(id) === "live");
  // A call that is over may have come and gone between the two.
  const wasThere = ids.filter((id) => then.get(id) === "live" || (now.has(id) && then.get(id) !== "over"));
  return {
    at: Date.now(),
    conferences: state.conferences.length,
    callers: new Map([...byConference].map(([key, { length }]) => [key, length])),
    portsInUse: [stays.length, wasThere.length],
  };
}

function stages({ calls }: VisibleState): ReadonlyMap<string, "live" | "over"> {
  return new Map(calls.map(({ id, state }) => [id, state === "ended" ? "over" : "live"]));
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function isWithin(value: number | null, [least, most]: Range): boolean {
  return value !== null && value >= least && value <= most;
}

function textOf(expected: Range | typeof noLimit): string {
  if (typeof expected === "string") return expected;
  const [least, most] = expected;
  return least === most ? String(least) : `${least} to ${most}`;
}

function unlike({ servers, posts }: { readonly servers: readonly WebexServer[]; readonly posts: PostsOnDisk }) {
  const byDocument = Map.groupBy(
    servers.flatMap(({ attempts }) => attempts),
    ({ transId }) => transId,
  );
  return [...byDocument].flatMap(([transId, tried]) => {
    const said = posts.get(transId) ?? [];
    const failures = said.filter((one) => ["post-failed", "post-given-up", "probe-failed"].includes(one)).length;
    const hasFailed = tried.filter(({ how }) => how !== "confirmed").length;
    const isAlike = said.includes("post-confirmed") === (tried.at(-1)?.how === "confirmed") && failures === hasFailed;
    return isAlike ? [] : [`${transId}: ${tried.map(({ how }) => how)}; its journal: ${said}`];
  });
}
