import { expect, test } from "vitest";
import type { IssuedCommand } from "../../src/bridge/commands.ts";
import type { Report } from "../../src/bridge/events.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { done, left } from "../builders.ts";
import {
  ConferenceWorld,
  callerEntered,
  createConference,
  extConfId,
  host,
  lock,
  muteCaller,
} from "./conference-world.ts";

/** WebEx and the agent as they are: each repeats what was not confirmed, and does nothing twice. */
class Neighbours {
  readonly world = new ConferenceWorld();
  /** The commands that the bridge carried out, each once, however often it came. */
  readonly acts: IssuedCommand[] = [];
  /** TransID → body. */
  readonly documents = new Map<string, string>();
  /** TransIDs of documents that were repeated with other bytes. */
  readonly changed: string[] = [];
  steps = 0;
  readonly #killAt: number | null;
  readonly #reports: Report[] = [];
  #acknowledged = 0;
  readonly #open = new Map<string, readonly FromWebex[]>();

  constructor(killAt: number | null) {
    this.#killAt = killAt;
    this.world.onSent = (commands) => {
      for (const command of commands) {
        if (this.acts.some(({ id }) => id === command.id)) continue;
        this.acts.push(command);
        this.#reports.push(done(command.id));
      }
    };
    this.world.answer = ({ transId, body }) => {
      if (this.documents.get(transId) !== undefined && this.documents.get(transId) !== body) this.changed.push(transId);
      this.documents.set(transId, body);
      this.#nameCallers(transId, body);
      return this.world.confirmed(transId);
    };
    this.world.onStep = () => {
      this.steps += 1;
      if (this.steps === this.#killAt) this.world.kill();
    };
  }

  send(transId: string, ...messages: readonly FromWebex[]): void {
    this.#open.set(transId, messages);
  }

  happen(report: Report): void {
    this.#reports.push(report);
  }

  async pass(seconds: number): Promise<void> {
    for (let tick = 0; tick < seconds * 5; tick += 1) {
      // As on the platform: a request to an object that is gone makes it anew.
      if (!this.world.alive) this.world.start();
      for (const [transId, messages] of this.#open) {
        this.world.receive(transId, ...messages).then(
          () => this.#open.delete(transId),
          () => {},
        );
      }
      if (this.#acknowledged < this.#reports.length) {
        this.world.reportAs(this.#acknowledged + 1, ...this.#reports.slice(this.#acknowledged)).then(
          (upTo) => {
            this.#acknowledged = Math.max(this.#acknowledged, upTo);
          },
          () => {},
        );
      }
      await this.world.time.pass(200);
    }
  }

  get all(): string {
    return [...this.documents.values()].join("\n");
  }

  #nameCallers(transId: string, body: string): void {
    const entered = [...body.matchAll(/<A2W_NotifyUserEnter MsgID="(\d+)"/g)];
    const named = entered.map(([, msgId], index) => ({
      type: "caller-named",
      msgId,
      extCallId: `${transId}-${index}`,
    }));
    if (named.length > 0) this.send(`n${transId}`, ...(named as FromWebex[]));
  }
}

/** A short meeting: two callers, one of them muted, a lock, a caller who leaves, the end. */
async function meeting(killAt: number | null): Promise<Neighbours> {
  const neighbours = new Neighbours(killAt);
  neighbours.send("t1", createConference());
  await neighbours.pass(3);
  neighbours.happen(callerEntered(0));
  neighbours.happen(callerEntered(1));
  await neighbours.pass(3);
  const name = /TransID>(\d+)</.exec(
    [...neighbours.documents.values()].find((body) => body.includes("UserEnter")) ?? "",
  );
  neighbours.send("t2", muteCaller(`${name?.[1]}-0`, "m-mute"), lock("m-lock"));
  await neighbours.pass(3);
  neighbours.happen(left("c1"));
  await neighbours.pass(3);
  neighbours.send("t3", { type: "close-conference", msgId: "m-close", replyTo: host, extConfId } as FromWebex);
  await neighbours.pass(8);
  return neighbours;
}

function counts(neighbours: Neighbours): Record<string, number> {
  const messages = neighbours.all.match(/<A2W_\w+/g) ?? [];
  const counted: Record<string, number> = {};
  for (const message of messages) counted[message.slice(1)] = (counted[message.slice(1)] ?? 0) + 1;
  return counted;
}

test("an object killed at any step of a meeting loses nothing and does nothing twice", async () => {
  const undisturbed = await meeting(null);
  const acts = undisturbed.acts.map(({ command }) => command.type);
  expect(acts).toEqual(["create-conference", "mute", "lock", "end-conference"]);
  expect(counts(undisturbed)).toMatchObject({
    A2W_RspCreateConference: 1,
    A2W_NotifyUserEnter: 2,
    A2W_RspUpdateUser: 1,
  });
  expect(undisturbed.steps).toBeGreaterThan(20);

  for (let killAt = 1; killAt <= undisturbed.steps; killAt += 1) {
    const disturbed = await meeting(killAt);
    const killed = `killed at step ${killAt}`;
    expect(
      disturbed.acts.map(({ command }) => command.type),
      killed,
    ).toEqual(acts);
    expect(counts(disturbed), killed).toEqual(counts(undisturbed));
    expect(disturbed.changed, killed).toEqual([]);
    expect(disturbed.world.outboxRows, killed).toBe(0);
    // The one that forgets it all, in a week.
    expect((disturbed.world.alarmAt ?? 0) - disturbed.world.time.now, killed).toBeGreaterThan(6 * 86_400_000);
  }
});
