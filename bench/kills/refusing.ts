import { setTimeout as pause } from "node:timers/promises";
import type { ConfKey, ExtConfId } from "../../src/foundation/ids.ts";
import { Roster } from "./roster.ts";
import type { KillWorld } from "./world.ts";

const conferences = 3;
const createWithinMs = 15_000;
const othersWithinMs = 30_000;
/** All attempts take ten seconds, and longer where the edge is away between them. */
const GIVEN_UP_WITHIN_MS = 60_000;
/** A death counts as an attempt. */
const surelyAttempts = 15;

/** A TSP server that takes its conferences' creates, and refuses whatever it is posted from then on, until it is to recover. */
export class Refusing {
  readonly #world: KillWorld;
  readonly #keys: ConfKey[] = [];

  constructor(world: KillWorld) {
    this.#world = world;
  }

  /** Their hosts lock them by telephone, which is not to be told. */
  async begin(): Promise<void> {
    const { refusing: server, bridge } = this.#world;
    if (!bridge.lock) return;
    for (let index = 0; index < conferences; index++) {
      const confKey = this.#world.newKey();
      const roster = new Roster(extConfIdOf(confKey));
      this.#world.follow(server, confKey, roster);
      await this.#world.answerTo(await this.#ask(confKey, createWithinMs, { type: "create-conference", confKey }));
      for (let left = createWithinMs; left > 0 && roster.state !== "running"; left -= 50) await pause(50);
      this.#keys.push(confKey);
    }
    await pause(1_000);
    server.answerMode = { type: "status", status: 500 };
    for (const confKey of this.#keys) await bridge.lock(confKey, true);
  }

  /** Once a document of each was given up. Its requests are signs of life, so it is told all that it has missed. */
  async recover(): Promise<void> {
    const { refusing: server } = this.#world;
    const isOver = () => {
      const byDocument = [...Map.groupBy(server.attempts, ({ transId }) => transId).values()];
      return byDocument.filter(({ length }) => length >= surelyAttempts).length >= this.#keys.length;
    };
    for (let left = GIVEN_UP_WITHIN_MS; left > 0 && !isOver(); left -= 100) await pause(100);
    server.answerMode = { type: "confirm" };
    for (const confKey of this.#keys)
      await this.#world.answerTo(
        await this.#ask(confKey, othersWithinMs, { type: "update-conference", action: "unlock" }),
      );
  }

  async #ask(
    confKey: ConfKey,
    withinMs: number,
    request:
      | { readonly type: "create-conference"; readonly confKey: ConfKey }
      | { readonly type: "update-conference"; readonly action: "unlock" },
  ) {
    const { refusing: server } = this.#world;
    const about = { msgId: server.client.msgId(), extConfId: extConfIdOf(confKey), replyTo: server.host };
    const [posted] = await this.#world.post(server, confKey, { withinMs, twice: false }, { ...request, ...about });
    if (!posted) throw new Error("nothing was posted");
    return posted;
  }
}

function extConfIdOf(confKey: ConfKey): ExtConfId {
  return `E${confKey}-refused` as ExtConfId;
}
