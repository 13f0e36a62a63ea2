import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Home } from "../../../durable-objects/home/home.ts";
import type { HomeSocket } from "../../../durable-objects/home/home-socket.ts";
import { backUp, restore } from "../../../durable-objects/home/log/backup.ts";
import { SqliteDisk } from "../../../durable-objects/home/log/sqlite-disk.ts";
import { ownPlaceOf } from "../../../durable-objects/home/own-place.ts";
import { stubsBy } from "../../../durable-objects/home/stubs.ts";
import type { LogLine } from "../../../durable-objects/platform/log.ts";
import { Measures } from "../../../durable-objects/platform/measures.ts";
import { objectKinds } from "../../../durable-objects/platform/object-kinds.ts";
import { placeOf } from "../../../durable-objects/platform/object-place.ts";
import type { IssuedCommand } from "../../../src/bridge/commands.ts";
import type { Report } from "../../../src/bridge/events.ts";
import type { BridgeName, ConfKey, DomainName, StreamId, TransId } from "../../../src/foundation/ids.ts";
import { encodeHello, HELLO_HEADER, REFUSAL_HEADER } from "../../../src/link/hello.ts";
import { decodeEdgeToAgent, encodeMessage, type IdLimit } from "../../../src/link/messages.ts";
import type { IdBlocks } from "../../../src/rpc/id-allocator.ts";
import { localDomain } from "../../../src/settings/local-domain.ts";
import { placeOf as idPlaceOf } from "../../../src/tsp/id-scheme.ts";
import type { FromWebex } from "../../../src/tsp/messages.ts";
import { done, entered } from "../../builders.ts";
import { agentWithoutKey, testDomain } from "../../local-domain.ts";
import { Clock } from "../../simulation/clock.ts";
import { confirmation, transIdOf } from "../fakes.ts";
import { atOnce } from "./home-on-test.ts";

const noon = Date.UTC(2026, 10, 21, 12);
const dayMs = 86_400_000;
const [domain, bridge, agent] = ["local" as DomainName, "simulated" as BridgeName, "agent-1"];

/** Of WebEx: all ids that the edges of a test have used, each as often as it was. */
class Webex {
  readonly transIds: string[] = [];
  readonly msgIds: string[] = [];

  post(body: string): void {
    this.transIds.push(transIdOf(body));
    for (const [, msgId = ""] of body.matchAll(/<A2W_Notify\w+ MsgID="(\d+)"/g)) this.msgIds.push(msgId);
  }

  get twice(): readonly string[] {
    return [this.transIds, this.msgIds].flatMap((ids) => ids.filter((id, index) => ids.indexOf(id) < index));
  }
}

/** An agent that survives its edges, with a bridge that does all it is asked. */
class LastingAgent {
  idLimit: IdLimit = { place: 0, by: "" };
  #numbers = new Map<ConfKey, number>();
  #say: (text: string) => void = () => {};
  #epoch = 0;
  #streams = 0;

  async connect({ home, clock }: Life): Promise<void> {
    const ask = async (challenge: string) => {
      const { publicKey: key } = agentWithoutKey(agent);
      const facts = { version: 1, agent, domain, bridge, at: clock.now, challenge, key, signature: "A".repeat(86) };
      const headers = new Headers({ [HELLO_HEADER]: encodeHello({ ...facts, idLimit: this.idLimit }) });
      const answer = home.connect("relay", `${domain}/${bridge}`, headers);
      await clock.pass(0);
      return answer;
    };
    const refused = await ask("");
    const answer = await ask(refused.headers.get(REFUSAL_HEADER)?.slice(5) ?? "");
    const socket = home.acceptedBy(answer) as HomeSocket;
    this.#streams += 1;
    this.#numbers.clear();
    this.#say = (text) => socket.received(text);
    socket.attach({ send: (text) => this.#hear(text), close: () => {} });
  }

  report(conference: ConfKey, ...reports: readonly Report[]): void {
    const first = (this.#numbers.get(conference) ?? 0) + 1;
    this.#numbers.set(conference, first + reports.length - 1);
    const numbered = reports.map((report, index) => ({ number: first + index, report }));
    const stream = `s${this.#streams}` as StreamId;
    this.#say(encodeMessage({ type: "reports", epoch: this.#epoch, conference, stream, reports: numbered }));
  }

  #hear(text: string): void {
    const decoded = decodeEdgeToAgent(text);
    if (!decoded.ok) throw new Error(text);
    const message = decoded.value;
    if (message.type === "welcome") {
      this.#epoch = message.epoch;
      this.#say(encodeMessage({ type: "health", bridgeUp: true, portsInUse: 0, ports: null }));
    }
    if (message.type === "commands")
      this.report(message.conference, ...message.commands.map(({ id }: IssuedCommand) => done(id)));
    if (message.type === "id-limit") {
      if (message.place > this.idLimit.place) this.idLimit = { place: message.place, by: message.by };
      this.#say(encodeMessage({ type: "id-limit-kept", ...this.idLimit }));
    }
  }
}

/** One life of an edge: the product's own objects, on this file. */
class Life {
  readonly clock: Clock;
  /** Of the log. */
  readonly events: string[] = [];
  home!: Home;
  readonly #disk: SqliteDisk;
  #documents = 0;

  private constructor(file: string, now: number) {
    this.clock = new Clock(now);
    this.#disk = new SqliteDisk(file, { sync: atOnce });
  }

  static async start(file: string, now: number, webex: Webex): Promise<Life> {
    const life = new Life(file, now);
    const { clock } = life;
    const settings = localDomain({ agents: [agentWithoutKey(agent)] });
    const variables = { DOMAINS: JSON.stringify({ local: settings }), OPERATOR_TOKEN: "" };
    let ids = 0;
    const shared = {
      log: ({ event }: LogLine) => void life.events.push(event),
      measures: new Measures(),
      newId: () => `${file} ${++ids}`,
    };
    life.home = await Home.start({
      ...shared,
      disk: life.#disk,
      clock: {
        now: () => clock.now,
        notBefore: (time) => {
          clock.now = Math.max(clock.now, time);
        },
        after: (ms, run) => clock.after(ms, run),
      },
      make: (kind, _name, place) => {
        const own = ownPlaceOf(place, shared);
        const post = (request: { readonly body: string }) =>
          place.outside(async () => {
            webex.post(request.body);
            return confirmation(testDomain(), transIdOf(request.body));
          });
        return objectKinds[kind](
          placeOf({ ...own, post }, stubsBy({ ...place, connect: life.home.connect }), variables),
        );
      },
    });
    return life;
  }

  async kill(): Promise<void> {
    await this.#disk.close();
  }

  /** WebEx posts this. */
  async receive(confKey: string, message: object, passMs = 1_000): Promise<void> {
    const transId = `${this.clock.now}-${++this.#documents}` as TransId;
    const of = { replyTo: "127.0.0.1:8801", extConfId: `E${confKey}`, msgId: `w${this.#documents}`, ...message };
    const document = { domain, confKey, transId, messages: [of as unknown as FromWebex] };
    const received = this.home.call("conference", `${domain}/${confKey}`, "receive", [document]);
    await this.clock.pass(passMs);
    await received;
  }

  /** Other conferences get all ids before this place. */
  async allocateUpTo(place: number): Promise<void> {
    const allocate = async (count: number) => {
      const wanted = { domain, holder: "400000001", msgIds: count, transIds: count };
      const allocated = this.home.call("idAllocator", domain, "allocate", [wanted]);
      await this.clock.pass(0);
      return (await allocated) as IdBlocks;
    };
    const { msgIds } = await allocate(1);
    await allocate(place - idPlaceOf(msgIds.end, this.clock.now));
  }

  /** A conference that a caller enters. */
  async begin(of: LastingAgent, confKey: string): Promise<void> {
    await this.receive(confKey, { type: "create-conference", confKey });
    await this.enter(of, confKey, 1);
  }

  async enter(of: LastingAgent, confKey: string, count: number): Promise<void> {
    const callers = Array.from({ length: count }, (_, index) => entered({ call: `c${this.clock.now} ${index}` }));
    of.report(confKey as ConfKey, ...callers);
    await this.clock.pass(1_000);
  }
}

function files(...names: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-ids-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return names.map((name) => join(folder, name));
}

/** Far more ids than the clock passes in that time. */
async function busy(life: Life, of: LastingAgent, from: number, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await life.begin(of, String(from + index));
}

test("no id comes twice after an older backup is restored: not of a conference with ids at hand, nor of a new one", async () => {
  const [state = "", file = "", restored = ""] = files("state.db", "backup.db", "restored.db");
  const webex = new Webex();
  const lasting = new LastingAgent();
  const first = await Life.start(state, noon, webex);
  await lasting.connect(first);
  await first.begin(lasting, "100000001");
  await first.clock.pass(30_000);
  await backUp(state, file);
  await first.enter(lasting, "100000001", 5);
  await busy(first, lasting, 150_000_001, 2);
  // What the backup knows to be reserved is used up, and more.
  await first.allocateUpTo(lasting.idLimit.place);
  await busy(first, lasting, 200_000_001, 8);
  await first.kill();
  const before = webex.msgIds.length;

  await restore(file, restored, first.clock.now);
  const second = await Life.start(restored, first.clock.now + 1, webex);
  await lasting.connect(second);
  await second.clock.pass(1_000);
  await second.enter(lasting, "100000001", 5);
  await busy(second, lasting, 300_000_001, 3);
  // What was fetched since then is used up as ever, over a restart too.
  await second.clock.pass(60_000);
  await second.enter(lasting, "100000001", 2);
  await second.kill();

  expect(before).toBeGreaterThan(15);
  expect(webex.msgIds.length - before).toBeGreaterThan(10);
  expect(webex.twice).toEqual([]);
});

test("a copy that is put back by hand is known once an agent connects: no id comes twice from then on, and it counts as restored", async () => {
  const [state = "", file = "", copied = ""] = files("state.db", "backup.db", "copied.db");
  const webex = new Webex();
  const lasting = new LastingAgent();
  const first = await Life.start(state, noon, webex);
  await lasting.connect(first);
  await first.begin(lasting, "100000001");
  await first.clock.pass(30_000);
  await backUp(state, file);
  await first.enter(lasting, "100000001", 5);
  await busy(first, lasting, 150_000_001, 2);
  await first.clock.pass(10 * 60_000);
  // It was silent for so long.
  await lasting.connect(first);
  await first.clock.pass(1_000);
  await first.kill();
  const before = webex.msgIds.length;

  copyFileSync(file, copied);
  const second = await Life.start(copied, first.clock.now + 1, webex);
  // All sockets are closed, also one that is about to be.
  await lasting.connect(second).catch(() => {});
  await second.clock.pass(1_000);
  expect(second.events).toContain("state-is-older");
  await lasting.connect(second);
  await second.enter(lasting, "100000001", 5);
  await busy(second, lasting, 300_000_001, 3);
  expect(second.events.filter((event) => event === "state-is-older")).toHaveLength(1);
  await second.kill();
  expect(webex.msgIds.length - before).toBeGreaterThan(10);
  expect(webex.twice).toEqual([]);
  const disk = new SqliteDisk(copied, { readOnly: true });
  expect((await disk.open()).restoredAt).not.toBeNull();
  await disk.close();
});

test("a copy of a life that has ended is known, too: a backup was restored since, or the edge began empty", async () => {
  for (const isRestored of [true, false]) {
    const [state = "", file = "", copied = "", next = ""] = files("state.db", "backup.db", "copied.db", "next.db");
    const webex = new Webex();
    const lasting = new LastingAgent();
    const first = await Life.start(state, noon, webex);
    await lasting.connect(first);
    await first.begin(lasting, "100000001");
    await backUp(state, file);
    copyFileSync(file, copied);
    await first.enter(lasting, "100000001", 3);
    await first.kill();

    if (isRestored) await restore(file, next, first.clock.now);
    const second = await Life.start(next, first.clock.now + 1_000, webex);
    await lasting.connect(second);
    await busy(second, lasting, 300_000_001, 2);
    await second.kill();

    const third = await Life.start(copied, second.clock.now + 1_000, webex);
    await lasting.connect(third).catch(() => {});
    await third.clock.pass(1_000);
    expect(third.events).toContain("state-is-older");
    await lasting.connect(third);
    await third.enter(lasting, "100000001", 5);
    await third.kill();
    expect(webex.twice).toEqual([]);
  }
});

test("where no agent is connected, a restored edge goes on by its clock", async () => {
  const [state = "", file = "", restored = ""] = files("state.db", "backup.db", "restored.db");
  const webex = new Webex();
  const lasting = new LastingAgent();
  const first = await Life.start(state, noon, webex);
  await lasting.connect(first);
  await first.begin(lasting, "100000001");
  await first.clock.pass(30_000);
  await backUp(state, file);
  for (let index = 0; index < 5; index += 1) await first.enter(lasting, "100000001", 1);
  await busy(first, lasting, 150_000_001, 2);
  await first.receive("100000001", { type: "unknown", element: "W2A_New" });
  await first.clock.pass(60_000);
  await first.kill();
  const before = webex.transIds.length;

  await restore(file, restored, first.clock.now);
  const second = await Life.start(restored, first.clock.now, webex);
  await second.receive("100000001", { type: "unknown", element: "W2A_New" });
  await second.receive("100000002", { type: "create-conference", confKey: "100000002" }, 20_000);
  await second.receive("100000003", { type: "create-conference", confKey: "100000003" }, 20_000);
  await second.kill();

  expect(webex.transIds.length - before).toBe(3);
  expect(webex.twice).toEqual([]);
});

test.each([0, 5 * 3_600_000, dayMs])(
  "an empty edge uses no id of the one before, by a clock that is %i ms behind that of its agent",
  async (behindMs) => {
    const [early = "", state = "", empty = ""] = files("early.db", "state.db", "empty.db");
    const webex = new Webex();
    const lasting = new LastingAgent();
    const first = await Life.start(early, noon - behindMs, webex);
    await lasting.connect(first);
    await busy(first, lasting, 200_000_001, 8);
    await first.kill();
    const second = await Life.start(state, noon, webex);
    await lasting.connect(second);
    await busy(second, lasting, 250_000_001, 8);
    await second.kill();
    const before = webex.transIds.length;

    // By this clock, the ids of the first one would come again.
    const third = await Life.start(empty, noon - behindMs, webex);
    await lasting.connect(third);
    await busy(third, lasting, 300_000_001, 5);
    await third.kill();

    expect(webex.transIds.length).toBeGreaterThan(before);
    expect(webex.twice).toEqual([]);
  },
);
