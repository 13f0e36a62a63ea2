import { expect, test } from "vitest";
import { Mailbox } from "../../durable-objects/mail/mailbox.ts";
import type { HttpAnswer } from "../../durable-objects/platform/post.ts";
import type { Report } from "../../src/bridge/events.ts";
import type { CommandId, MsgId, TransId } from "../../src/foundation/ids.ts";
import type { ToWebex } from "../../src/tsp/messages.ts";
import { done } from "../builders.ts";
import { Database } from "../kit/database.ts";
import { ConferenceWorld, confKey, createConference, host } from "./conference-world.ts";
import { aCounter, confirmation, fakePlatform, transIdOf } from "./fakes.ts";

type Killed = "the conference" | "the mailbox" | "both";

interface Kill {
  readonly who: Killed;
  /** At this step of either. */
  readonly at: number;
}

/** One conference of a document with two creates, and the mailbox where both answers meet. */
class TwoCreates {
  readonly world = new ConferenceWorld();
  /** RspCreateConference and Status 0 as they were posted, and as WebEx got them first. */
  readonly posted: string[] = [];
  readonly arrived: string[] = [];
  steps = 0;
  readonly #disk = new Database();
  readonly #kill: Kill | null;
  readonly #done = new Set<CommandId>();
  readonly #seen = new Map<string, string>();
  #mailbox: Mailbox | null = null;
  #life = 0;
  #nextTransId = 70_000_000_000;
  /** Whether WebEx takes documents of the mailbox. */
  takes = true;

  constructor(kill: Kill | null) {
    this.#kill = kill;
    this.world.onStep = () => this.#step();
    this.world.share = (answers) => this.#alive(async () => this.#mailboxNow().share(answers));
    this.world.answer = ({ body }) => this.#answer(body);
    this.world.onSent = (commands) => {
      for (const { id } of commands) this.#done.add(id);
    };
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      if (!this.world.alive) this.world.start();
      const results = [...this.#done].map((id): Report => done(id));
      this.world.reportAs(1, ...results).catch(() => {});
      await this.world.time.pass(100);
    }
  }

  async receive(): Promise<void> {
    const document = { domain: this.world.domain.name, confKey, transId: "t1" as TransId };
    const shared = [["m-create", "m-other"] as MsgId[]];
    const post = () => this.world.conference.receive({ ...document, messages: [createConference()], shared });
    let isStored = false;
    for (let attempt = 0; attempt < 3 && !isStored; attempt += 1) {
      if (!this.world.alive) this.world.start();
      post().then(
        () => {
          isStored = true;
        },
        () => {},
      );
      await this.world.time.pass(20);
    }
  }

  /** The answer of the other conference. */
  otherAnswer(): void {
    const message: ToWebex = { type: "conference-created", msgId: "m-other" as MsgId, result: "ok" };
    const requests = ["m-create", "m-other"] as MsgId[];
    const answers = { domain: this.world.domain.name, id: "other", host, messages: [message], requests };
    const share = (): unknown =>
      this.#alive(async () => this.#mailboxNow().share(answers)).catch(() => this.world.time.after(500, share));
    share();
  }

  #step(): void {
    this.steps += 1;
    if (this.steps !== this.#kill?.at) return;
    if (this.#kill.who !== "the mailbox") this.world.kill();
    if (this.#kill.who !== "the conference") this.#killMailbox();
  }

  #killMailbox(): void {
    this.#life += 1;
    this.#mailbox = null;
  }

  /** A call to an object that is killed meanwhile fails. */
  async #alive<Value>(call: () => Promise<Value>): Promise<Value> {
    const life = this.#life;
    const dies = new Promise<never>((_, reject) => {
      const look = (): unknown =>
        life === this.#life ? this.world.time.after(50, look) : reject(new Error("it died"));
      look();
    });
    return Promise.race([call(), dies]);
  }

  #mailboxNow(): Mailbox {
    this.#mailbox ??= this.#open();
    return this.#mailbox;
  }

  #open(): Mailbox {
    const { time } = this.world;
    const life = this.#life;
    const step = () => {
      if (life === this.#life) this.#step();
      if (life !== this.#life) throw new Error("this mailbox is dead");
    };
    const never = new Promise<never>(() => {});
    return new Mailbox({
      ...fakePlatform(time, {
        sql: {
          exec: (query, ...bindings) => this.#disk.exec(query, ...bindings),
          transaction: (work) => {
            step();
            return this.#disk.transaction(work);
          },
        },
        after: (ms, run) => time.after(ms, () => life === this.#life && run()),
        post: async ({ body }) => {
          step();
          const answer = this.takes ? this.#answer(body) : this.#refuse(body);
          step();
          return life === this.#life ? answer : never;
        },
        setAlarm: async (at) => {
          step();
          time.after(at - time.now, () => this.#mailboxNow().alarm());
        },
      }),
      ...aCounter,
      domain: () => this.world.domain,
      allocateIds: async () => {
        step();
        this.#nextTransId += 10;
        return { msgIds: { first: 0, end: 0 }, transIds: { first: this.#nextTransId - 10, end: this.#nextTransId } };
      },
      deleteAll: async () => {},
    });
  }

  #answer(body: string): HttpAnswer {
    const transId = transIdOf(body);
    this.posted.push(...namesIn(body));
    if (!this.#seen.has(transId)) this.arrived.push(...namesIn(body));
    expect(this.#seen.get(transId) ?? body).toBe(body);
    this.#seen.set(transId, body);
    return confirmation(this.world.domain, transId);
  }

  #refuse(body: string): HttpAnswer {
    this.posted.push(...namesIn(body));
    return { kind: "failed", reason: "refused" };
  }
}

/** Of this conference. */
function namesIn(body: string): string[] {
  const names = body.matchAll(
    /<A2W_(RspCreateConference) MsgID="m-create"|<A2W_NotifyConferenceChange [^>]*(Status="0")/g,
  );
  return Array.from(names, ([, answer, status]) => answer ?? status ?? "");
}

async function lived(kill: Kill | null, takes = true): Promise<TwoCreates> {
  const creates = new TwoCreates(kill);
  creates.takes = takes;
  await creates.receive();
  creates.otherAnswer();
  await creates.pass(80_000);
  return creates;
}

test.each<Killed>(["the conference", "the mailbox", "both"])(
  "Status 0 comes behind its answer, which travels with that of another conference, wherever %s is killed (protocol T45, T46)",
  async (who) => {
    const { steps, arrived } = await lived(null);
    expect(arrived).toEqual(["RspCreateConference", 'Status="0"']);

    for (let at = 1; at <= steps; at += 1) {
      const { arrived } = await lived({ who, at });
      expect(arrived, `killed at step ${at}`).toEqual(["RspCreateConference", 'Status="0"']);
    }
  },
);

test.each<Killed>(["the conference", "the mailbox", "both"])(
  "where the answer is given up Status 0 comes behind its last attempt, wherever %s is killed (protocol T43, T46)",
  async (who) => {
    const { steps, posted } = await lived(null, false);
    // The conference itself reaches WebEx, and what it is owed comes first.
    expect(posted).toEqual([...Array(4).fill("RspCreateConference"), 'Status="0"']);

    for (let at = 1; at <= steps; at += 1) {
      const { posted } = await lived({ who, at }, false);
      const killed = `killed at step ${at}`;
      // Whether an attempt had left, the next life does not know.
      expect([...new Set(posted)], killed).toEqual(["RspCreateConference", 'Status="0"']);
      expect(posted.lastIndexOf("RspCreateConference"), killed).toBeLessThan(posted.indexOf('Status="0"'));
    }
  },
);
