import { expect, test } from "vitest";
import { Mailbox } from "../../durable-objects/mail/mailbox.ts";
import type { DomainName, MsgId, TransId, WebexHost } from "../../src/foundation/ids.ts";
import type { ToWebex } from "../../src/tsp/messages.ts";
import { Clock } from "../kit/clock.ts";
import { Database } from "../kit/database.ts";
import { worldBegins } from "../kit/world-begins.ts";
import { testDomain } from "../local-domain.ts";
import { host } from "./conference-world.ts";
import { aCounter, confirmation, fakePlatform, transIdOf } from "./fakes.ts";

class Disk extends Database {
  isFull = false;

  override transaction<Value>(work: () => Value): Value {
    if (this.isFull) throw new Error("the disk is full");
    return super.transaction(work);
  }
}

function world() {
  const time = new Clock(worldBegins);
  const sql = new Disk();
  const domain = testDomain();
  const state = { isKnown: true, isReachable: true, deleted: 0, counted: 0 };
  const events: string[] = [];
  const bodies: string[] = [];
  let alarmAt = 0;
  let next = 61_041_000_000;
  let lives = 0;
  const open = () => {
    const life = ++lives;
    return new Mailbox({
      ...fakePlatform(time, {
        sql,
        log: ({ event }) => events.push(event),
        after: (ms, run) => time.after(ms, () => life === lives && run()),
        post: async ({ body }) => {
          bodies.push(body);
          return state.isReachable ? confirmation(domain, transIdOf(body)) : { kind: "failed", reason: "refused" };
        },
        setAlarm: async (at) => {
          alarmAt = at;
        },
      }),
      ...aCounter,
      directory: () => ({
        count: async () => {
          if (life === lives) state.counted += 1;
          return { pauseMs: 2_000 };
        },
      }),
      domain: () => (state.isKnown ? domain : null),
      allocateIds: async () => {
        next += 10;
        return { msgIds: { first: 0, end: 0 }, transIds: { first: next - 10, end: next } };
      },
      deleteAll: async () => {
        state.deleted += 1;
        sql.clear();
      },
    });
  };
  return { time, sql, bodies, events, open, state, alarmAt: () => alarmAt };
}

const unknown: ToWebex = { type: "message-error", msgId: "m1" as MsgId, result: "unknown-message" };

function mail(transId: string, messages: readonly ToWebex[] = [unknown], to: WebexHost = host) {
  return { domain: "local" as DomainName, transId: transId as TransId, answers: new Map([[to, messages]]) };
}

test("answers a request that belongs to no conference once", async () => {
  const { time, bodies, open } = world();
  const mailbox = open();
  await Promise.all([mailbox.send(mail("t1")), mailbox.send(mail("t1"))]);
  await open().send(mail("t1"));
  await time.pass(1000);

  expect(new Set(bodies).size).toBe(1);
  expect(bodies[0]).toContain('A2W_RspMessageError MsgID="m1" Result="-12"');
});

const answer = (id: string, msgId: string) => ({
  domain: "local" as DomainName,
  id,
  host,
  messages: [{ ...unknown, msgId: msgId as MsgId }],
  requests: ["m1", "m2"] as MsgId[],
});

test("posts answers of two conferences within 300 ms together (protocol T45)", async () => {
  const { time, bodies, open } = world();
  const mailbox = open();
  const both = [mailbox.share(answer("61041000001", "m1"))];
  await time.pass(290);
  both.push(mailbox.share(answer("61041000002", "m2")));
  await time.pass(5);
  await Promise.all(both);

  expect(bodies.map((body) => [...body.matchAll(/MsgID="(\w+)"/g)].map(([, msgId]) => msgId))).toEqual([["m1", "m2"]]);
});

test("an answer after more than 300 ms is posted alone, once", async () => {
  const { time, bodies, open } = world();
  const mailbox = open();
  const first = mailbox.share(answer("61041000001", "m1"));
  await time.pass(299);
  expect(bodies).toEqual([]);
  await time.pass(1);
  await first;
  await Promise.all([1, 2].map(() => mailbox.share(answer("61041000002", "m2"))));
  // To the next object it may not be confirmed: that posts it once more, under its TransID.
  await open().share(answer("61041000002", "m2"));

  expect([...new Set(bodies)].map((body) => [...body.matchAll(/MsgID="(\w+)"/g)].map(([, msgId]) => msgId))).toEqual([
    ["m1"],
    ["m2"],
  ]);
});

test("a shared answer ends as confirmed or undelivered, also after a restart", async () => {
  const { time, bodies, open, state } = world();
  state.isReachable = false;
  const results: string[] = [];
  const share = async (id: string) => results.push(await open().share(answer(id, "m1")));
  const shared = share("61041000001");
  await time.pass(1_000);
  expect(bodies).toHaveLength(2);
  expect(results).toEqual([]);
  await time.pass(3_000);
  await shared;
  await share("61041000001");
  expect(bodies).toHaveLength(3);
  expect(results).toEqual(["given-up", "given-up"]);

  // WebEx has asked once more, by the same MsgID.
  state.isReachable = true;
  const again = share("61041000002");
  await time.pass(400);
  await again;
  expect(results).toEqual(["given-up", "given-up", "confirmed"]);
});

test("answers at the same time get TransIDs of their own", async () => {
  const { time, bodies, open } = world();
  const mailbox = open();
  const to = (port: number) => mail(`t${port}`, [unknown], `http://127.0.0.1:${port}` as WebexHost);
  // The allocator gives ten ids at a time.
  for (let port = 1; port <= 9; port += 1) await mailbox.send(to(port));

  await Promise.all([10, 11, 12].map((port) => mailbox.send(to(port))));
  await time.pass(1000);

  expect(new Set(bodies.map(transIdOf)).size).toBe(12);
});

test("an answer of no conference has three attempts", async () => {
  const { time, bodies, open, state } = world();
  state.isReachable = false;
  const mailbox = open();
  await mailbox.send(mail("t1"));
  await time.pass(10_000);

  expect(bodies).toHaveLength(3);
  expect(await mailbox.waiting()).toMatchObject({ documents: 0 });
});

test("the next instance posts what the last one left", async () => {
  const { time, bodies, open } = world();
  await open().send(mail("t1"));
  open();
  await time.pass(100);

  expect(bodies.length).toBeGreaterThan(0);
});

test("answers that come during a post share the next one", async () => {
  const { time, bodies, open } = world();
  const mailbox = open();
  await mailbox.send(mail("t0", [{ ...unknown, msgId: "m0" as MsgId }])); // Fetches ids.
  await time.pass(100);
  bodies.length = 0;
  const later = ["2", "3"].map((id) => mail(`t${id}`, [{ ...unknown, msgId: `m${id}` as MsgId }]));
  await Promise.all([mail("t1"), ...later].map((one) => mailbox.send(one)));
  await time.pass(100);

  expect(bodies.map((body) => [...body.matchAll(/ MsgID="([^"]*)"/g)].map(([, msgId]) => msgId))).toEqual([
    ["m1"],
    ["m2", "m3"],
  ]);
});

test("both spellings of a server that one document names are answered", async () => {
  const { time, bodies, open } = world();
  const mailbox = open();
  const answers = new Map([host, `http://${host}` as WebexHost].map((one) => [one, [unknown]]));
  await mailbox.send({ ...mail("t1"), answers });
  await time.pass(1000);

  expect(bodies).toHaveLength(2);
});

test("refuses answers for more than 50 unreachable servers", async () => {
  const { time, bodies, open, state } = world();
  const port = (number: number) => `http://127.0.0.1:${20_000 + number}` as WebexHost;
  const mailbox = open();
  state.isReachable = false;
  for (let number = 0; number < 50; number += 1) await mailbox.send(mail(`t${number}`, [unknown], port(number)));

  await expect(mailbox.send(mail("t50", [unknown], port(50)))).rejects.toThrow("answers to 50 servers wait already");
  await mailbox.send(mail("t51", [unknown], port(49)));
  await time.pass(10_000);
  state.isReachable = true;
  bodies.length = 0;
  await mailbox.send(mail("t50", [unknown], port(50)));
  await time.pass(1_000);

  expect(bodies).toHaveLength(1);
});

test("undelivered answers do not fill the log", async () => {
  const { time, events, open, state } = world();
  const mailbox = open();
  state.isReachable = false;
  for (let number = 0; number < 1_000; number += 1) await mailbox.send(mail(`t${number}`));
  await time.pass(10_000);

  expect(events.filter((event) => event === "post-failed").length).toBeLessThan(30);
});

test("a mailbox deletes itself once all is confirmed and old", async () => {
  const { time, open, state, alarmAt } = world();
  const mailbox = open();
  await mailbox.send(mail("t1"));
  await time.pass(5_000);
  await mailbox.alarm();
  expect(state.deleted).toBe(0);

  await time.pass(alarmAt() - time.now);
  await mailbox.alarm();
  expect(state.deleted).toBe(1);
});

test("counts a post within a minute despite full disk and kill", async () => {
  const { time, sql, open, state, alarmAt } = world();
  const mailbox = open();
  await mailbox.send(mail("t1"));
  sql.isFull = true;
  await time.pass(5_000);
  await mailbox.alarm();
  sql.isFull = false;
  await time.pass(500);
  expect(state.counted).toBe(0);

  expect(alarmAt() - time.now).toBeLessThanOrEqual(60_000);
  const next = open();
  await next.alarm();
  expect(state.counted).toBe(1);
});

test("drops the answers of a removed domain", async () => {
  const { time, bodies, open, events, state } = world();
  state.isReachable = false;
  await open().send(mail("t1"));
  await time.pass(100);
  state.isKnown = false;
  const next = open();
  await next.alarm();
  const attempts = bodies.length;
  events.length = 0;
  await time.pass(60_000);

  expect(state.deleted).toBe(1);
  expect(bodies).toHaveLength(attempts);
  expect(events.filter((event) => event === "delivery-broke").length).toBeLessThanOrEqual(2);
});

const port = (number: number) => `127.0.0.1:${number}` as WebexHost;

test("counts only its own answers as waiting", async () => {
  const { time, open, state } = world();
  state.isReachable = false;
  const mailbox = open();
  await mailbox.send(mail("t1", [unknown], port(1)));
  await mailbox.send(mail("t2", [unknown], port(2)));
  void mailbox.share({ ...answer("s1", "m1"), host: port(3) });
  await mailbox.send({ ...mail("t3", [unknown], port(4)), shared: [["m1", "m2"] as MsgId[]] });
  void mailbox.share({ ...answer("s2", "m2"), host: port(4) });
  const since = time.now;
  await time.pass(1_000);

  const ofHost = (number: number) => ({ host: port(number), documents: 1, oldestAt: since });
  expect(await mailbox.waiting()).toEqual({ documents: 2, oldestAt: since, servers: [ofHost(1), ofHost(2)] });
});

test("creates no table after its first mail", async () => {
  const { sql, open } = world();
  const tables = () => sql.exec("SELECT name FROM sqlite_master ORDER BY name");
  const mailbox = open();
  await mailbox.send(mail("t1"));
  const made = tables();

  await mailbox.send({ ...mail("t2"), counts: true });

  expect(tables()).toEqual(made);
});
