import type { Draws } from "../../simulators/draws.ts";
import { type ActionTable, isOptional } from "../../src/conference/action-row.ts";
import {
  askedActions,
  type OperatorAction,
  type OperatorRequest,
  operatorActions,
} from "../../src/conference/operator-actions.ts";
import { type ActionId, type ConfKey, MAIN_ROOM } from "../../src/foundation/ids.ts";
import type { OperatorResult } from "../../src/rpc/conference.ts";
import type { NotificationStage } from "../../src/rpc/timeline.ts";
import type { HistoryRow } from "../../src/timeline/history.ts";
import { stagesOf } from "../../src/timeline/stages.ts";
import { Timeline } from "../../src/timeline/timeline.ts";
import { conferenceOn, type Database } from "../kit/database.ts";
import type { Bridges } from "./bridge.ts";
import { boostedWeights, draws, type WorldContext } from "./context.ts";
import type { Edge } from "./edge.ts";
import type { Phones } from "./phones.ts";
import type { Webex } from "./webex.ts";

/** What operators ask, and how often beside the others: each action that people can ask for. */
export function weightsOf(actions: ActionTable): Readonly<Record<string, number>> {
  const usual = Object.fromEntries(Object.keys(askedActions(actions)).map((type) => [type, 2]));
  return { ...weights, ...usual, ...weights };
}

export const weights = {
  mute: 10,
  unmute: 8,
  expel: 3,
  move: 6,
  lock: 2,
  unlock: 4,
  "mute-all": 2,
  "unmute-all": 2,
  "call-out": 6,
  end: 0.7,
  resync: 3,
};
const requests = weightsOf(operatorActions);

const pauseMs = 25_000;
const mostCallers = 10;
const againMs = 2_000;
const mostAttempts = 5;
/** By then what an action does is told, unless something fails. */
const effectMs = 60_000;

/** The operators who look at one meeting's conferences, and act on them now and then. */
export class Operators {
  /** What was answered as done, and of which conference. */
  readonly #done: { readonly id: ActionId; readonly key: ConfKey }[] = [];
  readonly #name: string;
  readonly #context: WorldContext;
  readonly #edge: Edge;
  readonly #bridges: Bridges;
  readonly #phones: Phones;
  readonly #spared: ReadonlySet<string>;
  readonly #draws: Draws;
  readonly #resyncDraws: Draws;
  readonly #resyncs: boolean;
  readonly #acted: string[];
  readonly #weights: Readonly<Record<string, number>>;
  readonly #meeting: { readonly key: ConfKey; readonly quiet: boolean };
  #number = 0;
  #actedAt = Number.NEGATIVE_INFINITY;

  constructor(
    index: number,
    meeting: { readonly key: ConfKey; readonly quiet: boolean; readonly phones: Phones },
    world: {
      readonly context: WorldContext;
      readonly edge: Edge;
      readonly webex: Webex;
      readonly resyncs: boolean;
      readonly bridges: Bridges;
      readonly spared: ReadonlySet<string>;
      readonly done: string[];
    },
  ) {
    this.#name = `operators of meeting ${index + 1}`;
    this.#meeting = meeting;
    this.#phones = meeting.phones;
    this.#context = world.context;
    this.#edge = world.edge;
    this.#bridges = world.bridges;
    this.#spared = world.spared;
    this.#acted = world.done;
    this.#weights = boostedWeights(world.context, requests);
    this.#draws = draws(world.context, this.#name);
    this.#resyncDraws = draws(world.context, `${this.#name} resync`);
    this.#resyncs = world.resyncs;
    this.#actLater();
  }

  /** A document was not delivered: true if they are about to resync its server. */
  gaveUp(): boolean {
    if (!this.#resyncs || this.#meeting.quiet || this.#resyncDraws.chance(0.2)) return false;
    this.#number += 1;
    const name = `${this.#name}, action ${this.#number}: resync`;
    this.#context.clock.after(this.#resyncDraws.between(500, 20_000), () => this.#meeting.quiet || this.#resync(name));
    return true;
  }

  /** What WebEx is told now may be of what an operator did, and not of what WebEx asked. */
  get actLately(): boolean {
    return this.#context.clock.now - this.#actedAt < effectMs;
  }

  #actLater(): void {
    const pause = -Math.log(1 - this.#draws.next()) * pauseMs;
    this.#context.clock.after(pause, () => {
      if (this.#meeting.quiet) return;
      this.#number += 1;
      const type = this.#draws.weighted(this.#weights);
      const name = `${this.#name}, action ${this.#number}: ${type}`;
      if (type === "resync") this.#resync(name);
      const request = this.#spared.has(name) ? null : this.#request(type);
      if (request) {
        this.#context.tell(() => `== ${name} ${JSON.stringify(request)}`);
        this.#acted.push(name);
        this.#act({ id: name.replaceAll(/\W+/g, "-") as ActionId, person: "Ann", request });
      }
      this.#actLater();
    });
  }

  /** With a value for each parameter of its row; `null`: there is no occasion for it. */
  #request(type: string): OperatorRequest | null {
    const { key } = this.#meeting;
    const disk = this.#edge.conferences.get(key)?.disk;
    const row = (operatorActions as ActionTable)[type];
    if (!disk || !row?.asked) return null;
    const calls = this.#bridges.of(key).callsOf(key);
    const entered = this.#draws.pick(calls.filter(({ stage }) => stage === "entered"));
    const call = type === "expel" ? this.#draws.pick(calls) : entered;
    // A silent monitor that is unmuted could be heard; nobody wants that.
    const isHeard = (type === "mute" || type === "unmute") && call?.joinTone === false;
    if ("number" in row.parameters && calls.length >= mostCallers) return null;
    const drawn: Readonly<Record<string, () => unknown>> = {
      call: () => (isHeard ? undefined : call?.id),
      room: () => {
        const rooms = [MAIN_ROOM, ...conferenceOn(disk).state.rooms.keys()];
        return this.#draws.pick(rooms.filter((room) => room !== call?.room));
      },
      number: () => ({ country: "1", area: "408", local: this.#phones.called().local, extension: "" }),
      muted: () => this.#draws.chance(0.3) || undefined,
    };
    const values = Object.keys(row.parameters).map((name) => [name, drawn[name]?.()] as const);
    if (values.some(([name, value]) => value === undefined && !isOptional(row.parameters[name]))) return null;
    return { type, ...Object.fromEntries(values.filter(([, value]) => value !== undefined)) } as OperatorRequest;
  }

  /** A server that is unreachable, if there is any; some press the button twice. */
  #resync(name: string): void {
    const { key } = this.#meeting;
    const disk = this.#edge.conferences.get(key)?.disk;
    const server = disk && this.#draws.pick([...conferenceOn(disk).state.outages.keys()]);
    if (server === undefined || this.#spared.has(name)) return;
    this.#acted.push(name);
    this.#context.tell(() => `== ${name} ${server}`);
    for (const _ of this.#draws.chance(0.3) ? [1, 2] : [1])
      this.#edge
        .conference(key)
        .call((conference) => Promise.resolve(conference.resync(server, "Ann")))
        .catch(() => {});
  }

  /** Until it is answered; and some press the button once more. */
  #act(action: OperatorAction, attempt = 1): void {
    const { key } = this.#meeting;
    const { clock } = this.#context;
    this.#send(key, action).then(
      (result) => {
        if (isDone(result)) this.#done.push({ id: action.id, key });
        if (attempt < mostAttempts && this.#draws.chance(0.4))
          clock.after(this.#draws.between(10, 90_000), () => this.#repeat(key, action, result));
      },
      () => {
        if (attempt < mostAttempts && !this.#meeting.quiet)
          clock.after(againMs, () => key === this.#meeting.key && this.#act(action, attempt + 1));
      },
    );
  }

  /** The same again: what was done is answered so, and what was refused is looked at anew. */
  #repeat(key: ConfKey, action: OperatorAction, before: OperatorResult): void {
    if (this.#meeting.quiet) return;
    this.#send(key, action).then(
      (result) => {
        if (isDone(before) && result !== "done-before")
          this.#context.violated("an operator's action acts once", `${action.id} was done, and now: ${result}`);
        if (!isDone(before) && isDone(result)) this.#done.push({ id: action.id, key });
      },
      () => {},
    );
  }

  #send(key: ConfKey, action: OperatorAction): Promise<OperatorResult> {
    this.#actedAt = this.#context.clock.now;
    return this.#edge.conference(key).call((conference) => Promise.resolve(conference.operate(action)));
  }

  /** What is on disk of each action that was done says what came of it, and WebEx has it. */
  checkAtRest(webex: Webex): void {
    const journals = new Map<ConfKey, readonly HistoryRow[]>();
    const timelines = new Map<ConfKey, Timeline>();
    for (const { id, key } of this.#done.splice(0)) {
      const disk = this.#edge.conferences.get(key)?.disk;
      const rows = journals.get(key) ?? (disk ? [...rowsOf(disk)] : []);
      journals.set(key, rows);
      const timeline = timelines.get(key) ?? new Timeline();
      if (!timelines.has(key)) for (const row of rows) timeline.read(row);
      timelines.set(key, timeline);
      const stages = stagesOf(timeline, id);
      const missing = !stages ? "is not on disk" : stages.result === null ? "has no result" : null;
      if (missing) this.#context.violated("an operator's action comes to its end", `${id} ${missing}`);
      else if (stages?.result?.type === "done") this.#checkNotified(id, stages.notified, webex, notificationsIn(rows));
    }
  }

  #checkNotified(
    id: ActionId,
    notified: NotificationStage | null,
    webex: Webex,
    notifications: ReadonlySet<string>,
  ): void {
    if (notified === null || !["posted", "confirmed", "refused"].includes(notified.is)) return;
    // An answer may have gone with those of other conferences, under another TransID.
    const due = notified.transIds.filter((transId) => notifications.has(transId));
    const isSeen = due.every((transId) => webex.servers.some(({ seen }) => seen.has(transId)));
    if (notified.is === "posted" || !isSeen)
      this.#context.violated("an operator's action comes to its end", `${id} is not told by ${notified.transIds}`);
  }
}

/** The TransIDs of documents with something that WebEx has not asked for. */
function notificationsIn(rows: readonly HistoryRow[]): ReadonlySet<string> {
  const facts = rows.flatMap((row) => row.facts ?? []);
  return new Set(
    facts.flatMap((fact) =>
      fact.kind === "post-queued" && fact.messages.some(({ result }) => !result) ? [fact.transId] : [],
    ),
  );
}

function* rowsOf(disk: Database) {
  const store = conferenceOn(disk);
  yield* store.journal.history();
}

function isDone(result: OperatorResult): boolean {
  return result === "done" || result === "done-before";
}
