import { join } from "node:path";
import { temporaryFolder } from "../scripts/at-exit.ts";
import { LocalRun } from "../scripts/local-run.ts";
import { serverIds } from "../simulators/webex/client.ts";
import type { ConfKey, ExtCallId, ExtConfId, MsgId, TransId } from "../src/foundation/ids.ts";
import { completeText, createCodec } from "../src/tsp/codec.ts";
import { type Conference, fillConferences } from "./conferences.ts";
import { type Floor, startFloor } from "./floor/start.ts";
import type { Transaction } from "./load.ts";
import { Receiver } from "./receiver.ts";

/** How far a transaction goes: the floor then does no more either, while the adapter always goes the whole way. */
export type Until = "confirmed" | "answered";

/** One of the two that are compared. */
export interface Side {
  readonly pids: { readonly edge: number; readonly agent: number };
  /** How long it goes on after its last answer, with work that was put off: that belongs to its own turn. */
  readonly restMs: number;
  /** Makes the next mute or unmute, of these conferences in turn. */
  mutes(conferences: readonly Conference[], until: Until): () => Transaction;
}

interface Ids {
  readonly transId: TransId;
  readonly msgId: MsgId;
}

/** Confirmed answers go from the disk some five seconds later. */
const adapterRestMs = 6_000;

const codec = createCodec({}, "webex");

let edges = 1;

/** How many edges the adapter is from now on. */
export function setEdges(count: number): void {
  edges = count;
}

/** Both sides on this machine at once, and the WebEx server that both of them answer to. */
export class Sides {
  readonly floor: Side;
  readonly adapter: Side;
  readonly floorUrl: string;
  readonly adapterUrl: string;
  readonly webex: Receiver;
  /** By their sizes: a hundred of `sizes[0]` callers, then one of each. */
  readonly conferences: readonly Conference[];
  readonly #run: LocalRun;
  readonly #bare: Floor;
  readonly #ids = serverIds(20, Date.now);

  private constructor(run: LocalRun, bare: Floor, webex: Receiver, conferences: readonly Conference[]) {
    this.#run = run;
    this.#bare = bare;
    this.webex = webex;
    this.conferences = conferences;
    this.floorUrl = bare.url;
    // Of two edges the first one acts. No balancer is measured.
    this.adapterUrl = `${run.edgeUrls[0]}/tsp/local`;
    this.adapter = this.#side(run.pids(), adapterRestMs, (_, { msgId }) => ({
      url: this.adapterUrl,
      answer: webex.answerTo(msgId),
    }));
    // The post's URL has all that the floor needs.
    this.floor = this.#side(bare.pids, 0, ({ confKey }, { msgId, transId }, until) => {
      const url = (route: string) =>
        `${bare.url}/${route}/${confKey}?transId=${transId}&msgId=${msgId}&replyTo=${webex.host}`;
      return until === "answered" ? { url: url("whole"), answer: webex.answerTo(msgId) } : { url: url("confirm") };
    });
  }

  /** The adapter with a conference of each size. */
  static async start(sizes: readonly number[]): Promise<Sides> {
    const folder = temporaryFolder("bench");
    const bare = await startFloor(join(folder, "floor"));
    const run = await LocalRun.start({ state: join(folder, "adapter"), ...(edges === 2 && { pair: "own" }) });
    const { conferences, port } = await fillConferences(run, sizes, 200_000_000);
    return new Sides(run, bare, await Receiver.start({ port }), conferences);
  }

  async stop(): Promise<void> {
    await this.#run.stop();
    await this.#bare.stop();
    await this.webex[Symbol.asyncDispose]();
  }

  /** The document of a create by another server, which takes the conference over. */
  create(
    confKey: ConfKey,
    extConfId: ExtConfId,
    replyTo: Receiver,
  ): { readonly body: string; readonly answer: Promise<number> } {
    const msgId = this.#ids.msgId();
    const create = { type: "create-conference", msgId, confKey, extConfId, replyTo: replyTo.host } as const;
    return { body: completeText(codec.encode(this.#ids.transId(), [create])), answer: replyTo.answerTo(msgId) };
  }

  #side(
    pids: Side["pids"],
    restMs: number,
    way: (conference: Conference, ids: Ids, until: Until) => Omit<Transaction, "body">,
  ): Side {
    /** Mutes and unmutes of each conference so far: each of them changes something. */
    const turns = new Map<Conference, number>();
    return {
      pids,
      restMs,
      mutes: (conferences, until) => {
        let index = 0;
        return () => {
          const conference = conferences[index++ % conferences.length] as Conference;
          const turn = turns.get(conference) ?? 0;
          turns.set(conference, turn + 1);
          const ids = { transId: this.#ids.transId(), msgId: this.#ids.msgId() };
          const { url, answer } = way(conference, ids, until);
          const body = this.#muteDocument(conference, turn, ids);
          return { url, body, ...(until === "answered" && answer && { answer }) };
        };
      },
    };
  }

  #muteDocument({ callers, extConfId }: Conference, turn: number, { transId, msgId }: Ids): string {
    const extCallId = callers[turn % callers.length] as ExtCallId;
    const privilege = Math.floor(turn / callers.length) % 2 === 0 ? "listen" : "speak";
    const mute = { type: "update-caller", msgId, extConfId, replyTo: this.webex.host, extCallId, privilege } as const;
    return completeText(codec.encode(transId, [mute]));
  }
}
