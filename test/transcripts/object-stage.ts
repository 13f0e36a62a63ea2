import type { HttpAnswer } from "../../durable-objects/platform/post.ts";
import type { Report } from "../../src/bridge/events.ts";
import { hourMs } from "../../src/foundation/time/timers.ts";
import type { CallRow, ConferenceRow } from "../../src/records/rows.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { ConferenceWorld, identity } from "../durable-objects/conference-world.ts";
import { BEGINNING, domainWith, secondsIn } from "./stage.ts";
import type { Step } from "./transcript.ts";
import { TranscriptLines } from "./transcript-lines.ts";

/** Plays a transcript on a conference object with its store, outbox and feed, on a virtual clock. */
export class ObjectStage {
  readonly #world = new ConferenceWorld();
  readonly #lines = new TranscriptLines(() => this.#world.stored.state);
  #documents = 0;
  #latest: readonly FromWebex[] = [];
  /** The latest reports, and the first one's number in the agent's stream. */
  #reports: { readonly first: number; readonly reports: readonly Report[] } = { first: 1, reports: [] };
  readonly #printed = { posts: 0, commands: 0, attempts: 0 };

  constructor() {
    this.#world.domain = domainWith({});
  }

  async happen([line = "", ...more]: Step["happens"]): Promise<readonly string[]> {
    const [word = "", ...words] = line.split(/\s+/);
    const said = await this.#happen(word, words.join(" "), more);
    return [...said, ...this.#follows()].map((follows) => this.#lines.names.shorten(follows));
  }

  async #happen(word: string, rest: string, more: readonly string[]): Promise<readonly string[]> {
    const world = this.#world;
    if (!world.alive && word !== "time") world.start();
    switch (word) {
      case "given":
        for (const earlier of BEGINNING.slice(0, 2)) await this.happen([earlier]);
        return [];
      case "W→A":
        if (rest === "again") return this.#receive();
        this.#latest = this.#lines.posted([rest, ...more], world.domain);
        this.#documents += 1;
        return this.#receive();
      case "B→A":
        if (rest !== "again") {
          const first = this.#reports.first + this.#reports.reports.length;
          this.#reports = { first, reports: [rest, ...more].map((text) => this.#lines.report(text)) };
        }
        await world.during(world.reportAs(this.#reports.first, ...this.#reports.reports));
        return [];
      case "ack":
        world.conference.ackCommands(identity.bridge, world.pending);
        return [];
      case "post":
        world.answer = ({ transId }) => this.#answer(rest, transId);
        return [];
      case "kill":
        world.start();
        await world.during(Promise.resolve());
        return [];
      case "evict":
        world.kill();
        return [];
      case "disk":
        world.isDiskFull = rest === "full";
        return [];
      case "clock":
        world.clockSetMs += Number(/^([+-]\d+) h$/.exec(rest)?.[1]) * hourMs;
        return [];
      case "time":
        await world.time.pass(secondsIn(rest));
        return [];
      case "attempts":
        return this.#attempts();
      case "records":
        return this.#records();
      default:
        throw new Error(`No such line in an object's transcript: ${word} ${rest}.`);
    }
  }

  /** The rows that the directory has. */
  #records(): readonly string[] {
    const { batches } = this.#world;
    const ending = (row: CallRow | ConferenceRow) => (row.endedAt === null ? "" : `, ${row.reason} by ${row.endedBy}`);
    const inside = ({ now }: ConferenceRow) => (now === null ? "" : `, ${now.callers} inside`);
    const rows = new Map([
      ...batches.flatMap(({ conferences }) =>
        conferences.map((row) => [`${row.createdAt}`, `conference ${row.status}${inside(row)}${ending(row)}`] as const),
      ),
      ...batches.flatMap(({ calls }) =>
        calls.map(
          (row) =>
            [`${row.call} ${row.began}`, `call ${row.call} ${row.direction} ${row.status}${ending(row)}`] as const,
        ),
      ),
    ]);
    const posts = batches.at(-1)?.counts.hosts.map(({ confirmed, failed, givenUp }) => {
      return `posts ${confirmed} confirmed, ${failed} failed, ${givenUp} undelivered`;
    });
    return [...rows.values(), ...(posts ?? [])];
  }

  /** Delivers WebEx's latest document. Returns a line if it was refused. */
  async #receive(): Promise<readonly string[]> {
    try {
      const isTaken = await this.#world.received(`w${this.#documents}`, ...this.#latest);
      return isTaken ? [] : ["not taken"];
    } catch (error) {
      return [`503: ${error instanceof Error ? error.message : error}`];
    }
  }

  /** Answers a post: `confirmed`, `fails 503`, `fails` without an answer, or `hangs`. */
  #answer(how: string, transId: string): HttpAnswer | Promise<HttpAnswer> {
    const [, status] = /^fails (\d+)$/.exec(how) ?? [];
    if (how === "confirmed") return this.#world.confirmed(transId);
    if (how === "hangs") return new Promise(() => {});
    if (status === undefined) return { kind: "failed", reason: "connection refused" };
    return { kind: "answered", status: Number(status), contentType: "text/plain", body: new Uint8Array() };
  }

  /** Commands and first posts since the last line. */
  #follows(): readonly string[] {
    const { sent, posted } = this.#world;
    const commands = sent.slice(this.#printed.commands).flat();
    const isFirst = (index: number) => posted.findIndex(({ transId }) => transId === posted[index]?.transId) === index;
    const first = posted.filter((_, index) => index >= this.#printed.posts && isFirst(index));
    this.#printed.commands = sent.length;
    this.#printed.posts = posted.length;
    const documents = first.flatMap(({ url, body }) =>
      this.#lines.document(new URL(url).hostname.replace(".example.com", ""), body),
    );
    for (const document of documents) {
      const [, msgId] = / MsgID=(\d{9,})/.exec(document) ?? [];
      if (msgId !== undefined) this.#lines.names.giveNext(msgId, "n");
    }
    return [...commands.map(({ command }) => this.#lines.command(command)), ...documents];
  }

  /** Attempts to post since the last such line, with their delay and whether their bytes are the same. */
  #attempts(): readonly string[] {
    const { posted } = this.#world;
    const since = posted.slice(this.#printed.attempts);
    this.#printed.attempts = posted.length;
    return [...Map.groupBy(since, ({ transId }) => transId).values()].map((attempts) => {
      const [first] = attempts;
      const element = / ?(A2W_\w+)/.exec(first?.body ?? "")?.[1];
      const after = attempts.map(({ at }) => `${Math.round((at - (first?.at ?? 0)) / 100) / 10} s`);
      const isSame = attempts.every(({ body }) => body === first?.body);
      return `${element}: ${attempts.length} after ${after.join(", ")}${isSame ? "" : ", with other bytes"}`;
    });
  }
}
