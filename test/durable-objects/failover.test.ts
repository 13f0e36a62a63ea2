import { expect, test } from "vitest";
import { ConferenceWorld, callerLeft, createConference, lock, muteCaller } from "./conference-world.ts";

const server2 = { msgId: "m-second", extConfId: "7002", replyTo: "127.0.0.1:8802" };

/** The names of the messages in each transaction that was posted to a server. */
function heardBy(world: ConferenceWorld, port: number): string[][] {
  return world.posted
    .filter(({ url }) => url.includes(`:${port}/`))
    .map(({ body }) => Array.from(body.matchAll(/<A2W_(\w+)/g), ([, name = ""]) => name));
}

function callsEntered(world: ConferenceWorld, port: number): string[] {
  const bodies = world.posted.filter(({ url }) => url.includes(`:${port}/`)).map(({ body }) => body);
  return bodies.flatMap((body) =>
    Array.from(body.matchAll(/<A2W_NotifyUserEnter [^>]*ExtCallID="(\w+)"/g), ([, id = ""]) => id),
  );
}

test.each([1, 2, 50, 51, 120, 500])(
  "another server takes over a conference of %d callers: in order, each once, at most 50 in a transaction, one post at a time (protocol 4.9)",
  async (callers) => {
    const world = await ConferenceWorld.running(callers);
    world.posted.length = 0;
    let inFlight = 0;
    world.answer = async ({ transId }) => {
      inFlight += 1;
      expect(inFlight).toBe(1);
      await world.time.wait(100);
      inFlight -= 1;
      return world.confirmed(transId);
    };

    await world.received("take-over", createConference(server2));
    await world.time.pass(60_000);

    const transactions = heardBy(world, 8802);
    const entries = Array.from({ length: callers }, () => "NotifyUserEnter");
    expect(transactions.flat()).toEqual(["RspCreateConference", "NotifyConferenceChange", ...entries]);
    expect(transactions.length).toBe(Math.ceil((callers + 2) / 50));
    expect(callsEntered(world, 8802)).toEqual(Array.from({ length: callers }, (_, index) => `${1001 + index}`));
    expect(new Set(world.posted.map(({ transId }) => transId)).size).toBe(transactions.length);
  },
);

test("a takeover during the third attempt loses no notification", async () => {
  const world = await ConferenceWorld.running(1);
  world.posted.length = 0;
  let failed = 0;
  let takenOver: Promise<boolean> | undefined;
  world.answer = ({ url, transId }) => {
    if (url.includes(":8802/")) return world.confirmed(transId);
    failed += 1;
    if (failed === 3) {
      // The takeover is committed behind this one, together with what comes meanwhile.
      void world.report(callerLeft(9));
      takenOver = world.receive("take-over", createConference(server2));
    }
    return { kind: "failed", reason: "TimeoutError" };
  };
  await world.received("mute", muteCaller("1001"));
  await world.allDone();
  await world.time.pass(60_000);

  expect(failed).toBe(3);
  expect(await takenOver).toBe(true);
  expect(world.facts.filter(({ kind }) => kind === "post-given-up")).toEqual([]);
  expect(heardBy(world, 8802).flat().slice(0, 2)).toEqual(["RspCreateConference", "NotifyConferenceChange"]);
  expect(callsEntered(world, 8802)).toEqual(["1001"]);
});

test("an answer to a replaced server has one attempt", async () => {
  const world = await ConferenceWorld.running(0);
  world.answer = ({ url, transId }) =>
    url.includes(":8802/") ? world.confirmed(transId) : { kind: "failed", reason: "TimeoutError" };
  await world.received("lock", lock("m-lock"));
  await world.received("take-over", createConference(server2));
  await world.allDone();
  await world.time.pass(60_000);

  expect(world.facts.filter(({ kind }) => kind === "post-given-up")).toHaveLength(1);
  expect(world.posted.filter(({ body }) => body.includes('"m-lock"'))).toHaveLength(1);
});

test("reports each muted caller after all entries (protocol F1)", async () => {
  const world = await ConferenceWorld.running(120);
  await world.received("mutes", muteCaller("1001"), muteCaller("1120"));
  await world.allDone();
  await world.time.pass(1000);
  world.posted.length = 0;

  await world.received("take-over", createConference(server2));
  await world.time.pass(1000);

  const messages = heardBy(world, 8802).flat();
  expect(messages.slice(-2)).toEqual(["NotifyUserChange", "NotifyUserChange"]);
  expect(messages.length).toBe(2 + 120 + 2);
});
