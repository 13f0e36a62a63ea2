import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { SqliteDisk } from "../../../durable-objects/node/log/sqlite-disk.ts";
import { ownPlaceOf } from "../../../durable-objects/node/own-place.ts";
import { Runtime } from "../../../durable-objects/node/runtime.ts";
import type { RuntimeSocket } from "../../../durable-objects/node/runtime-socket.ts";
import { stubsBy } from "../../../durable-objects/node/stubs.ts";
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
import { Clock } from "../../kit/clock.ts";
import { agentWithoutKey, testDomain } from "../../local-domain.ts";
import { confirmation, transIdOf } from "../fakes.ts";
import { atOnce } from "./runtime-on-test.ts";

const [domain, bridge, agent] = ["local" as DomainName, "simulated" as BridgeName, "agent-1"];

/** Of WebEx: all ids that the edges of a test have used, each as often as it was. */
export class Webex {
  takesPosts = true;
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
export class LastingAgent {
  idLimit: IdLimit = { place: 0, by: "" };
  /** What its clock shows as it reports; `null`: it does not say. */
  at: (() => number) | null = null;
  /** Types of all that it has heard, of commands those of each. */
  readonly heard: string[] = [];
  #numbers = new Map<ConfKey, number>();
  #say: (text: string) => void = () => {};
  #epoch = 0;
  #streams = 0;

  async connect({ runtime, clock }: Life): Promise<void> {
    const ask = async (challenge: string) => {
      const { publicKey: key } = agentWithoutKey(agent);
      const facts = { version: 1, agent, domain, bridge, at: clock.now, challenge, key, signature: "A".repeat(86) };
      const headers = new Headers({ [HELLO_HEADER]: encodeHello({ ...facts, idLimit: this.idLimit }) });
      const answer = runtime.connect("relay", `${domain}/${bridge}`, headers);
      await clock.pass(0);
      return answer;
    };
    const refused = await ask("");
    const answer = await ask(refused.headers.get(REFUSAL_HEADER)?.slice(5) ?? "");
    const socket = runtime.acceptedBy(answer) as RuntimeSocket;
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
    const at = this.at && { at: this.at() };
    this.#say(encodeMessage({ type: "reports", epoch: this.#epoch, conference, stream, reports: numbered, ...at }));
  }

  #hear(text: string): void {
    const decoded = decodeEdgeToAgent(text);
    if (!decoded.ok) throw new Error(text);
    const message = decoded.value;
    if (message.type === "commands") this.heard.push(...message.commands.map(({ command }) => command.type));
    else this.heard.push(message.type);
    if (message.type === "welcome") {
      this.#epoch = message.epoch;
      this.#say(encodeMessage({ type: "health", bridgeUp: true, portsInUse: 0, ports: null, version: "1" }));
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
export class Life {
  readonly clock: Clock;
  /** Of the machine's clock, on that of its timers. */
  aheadMs = 0;
  /** Of the log. */
  readonly events: string[] = [];
  runtime!: Runtime;
  readonly #disk: SqliteDisk;
  #documents = 0;

  private constructor(file: string, now: number) {
    this.clock = new Clock(now);
    this.#disk = new SqliteDisk(file, { sync: atOnce });
  }

  get now(): number {
    return this.clock.now + this.aheadMs;
  }

  /** The edge's time goes on at once. */
  skip(ms: number): void {
    this.aheadMs += ms;
    this.runtime.skipped(ms);
  }

  static async start(file: string, now: number, webex: Webex): Promise<Life> {
    const life = new Life(file, now);
    const { clock } = life;
    const settings = localDomain({ agents: [agentWithoutKey(agent)] });
    const variables = { DOMAINS: JSON.stringify({ local: settings }), OPERATOR_TOKEN: "" };
    let ids = 0;
    const shared = {
      heardTime: (at: number) => life.runtime.heardTime(at),
      log: ({ event }: LogLine) => void life.events.push(event),
      measures: new Measures(),
      machineNow: () => life.now,
      newId: () => `${file} ${now} ${++ids}`,
    };
    life.runtime = await Runtime.start({
      ...shared,
      disk: life.#disk,
      clock: {
        now: () => life.now,
        notBefore: (time) => {
          life.aheadMs = Math.max(life.aheadMs, time - clock.now);
        },
        after: (ms, run) => clock.after(ms, run),
      },
      make: (kind, _name, place) => {
        const own = ownPlaceOf(place, shared);
        const post = (request: { readonly body: string }) =>
          place.outside(async () => {
            if (!webex.takesPosts) return { kind: "failed" as const, reason: "the connection was refused" };
            webex.post(request.body);
            return confirmation(testDomain(), transIdOf(request.body));
          });
        return objectKinds[kind](
          placeOf({ ...own, post }, stubsBy({ ...place, connect: life.runtime.connect }), variables),
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
    const received = this.runtime.call("conference", `${domain}/${confKey}`, "receive", [document]);
    await this.clock.pass(passMs);
    await received;
  }

  /** Other conferences get all ids before this place. */
  async allocateUpTo(place: number): Promise<void> {
    const allocate = async (count: number) => {
      const wanted = { domain, holder: "400000001", msgIds: count, transIds: count };
      const allocated = this.runtime.call("idAllocator", domain, "allocate", [wanted]);
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

export function files(...names: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-ids-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return names.map((name) => join(folder, name));
}
