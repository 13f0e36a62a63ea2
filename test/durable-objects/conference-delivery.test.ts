import { expect, test } from "vitest";
import type { HttpAnswer } from "../../durable-objects/platform/post.ts";
import { testDomain } from "../local-domain.ts";
import {
  ConferenceWorld,
  callerEntered,
  callerLeft,
  createConference,
  muteCaller,
  request,
} from "./conference-world.ts";

const failed: HttpAnswer = { kind: "failed", reason: "TimeoutError" };

/** A running conference that has said all it has to say, and then a failing WebEx. */
async function quiet(callers = 0): Promise<ConferenceWorld> {
  const world = await ConferenceWorld.running(callers);
  world.posted.length = 0;
  return world;
}

function enteredIn(bodies: readonly { readonly body: string }[]): number[] {
  return bodies.map(({ body }) => body.split("<A2W_NotifyUserEnter ").length - 1);
}

test("a document that was not committed delays no answer to its repeat (protocol T45)", async () => {
  const world = await quiet(2);
  const messages = [muteCaller("1001", "m0"), muteCaller("1002", "m1")];
  const tooLarge = request("passthrough", { extCallId: "1001", data: "x".repeat(2_000_000) });
  await expect(world.received("t1", ...messages, tooLarge)).rejects.toThrow("too large");
  await world.received("t2", ...messages.slice(0, 1));
  const beganAt = world.time.now;
  await world.allDone();
  await world.time.pass(100);

  expect(world.posted.map(({ at }) => at - beganAt)).toEqual([0]);
});

test("posts one document at a time and gathers the rest (protocol T46)", async () => {
  const world = await quiet();
  let open: (result: HttpAnswer) => void = () => {};
  world.answer = () => new Promise((resolve) => (open = resolve));
  await world.reported(callerEntered(0));
  await world.time.pass(500);
  await world.reported(callerEntered(1));
  await world.time.pass(500);
  await world.reported(callerEntered(2));
  expect(enteredIn(world.posted)).toEqual([1]);

  open(world.confirmed(world.posted[0]?.transId ?? ""));
  await world.time.pass(1);
  expect(enteredIn(world.posted)).toEqual([1, 2]);
});

test.each<[string, (world: ConferenceWorld, transId: string) => HttpAnswer]>([
  ["a Confirmation of another TransID", (world) => world.confirmed("99")],
  ["a redirect", () => ({ kind: "answered", status: 307, body: new Uint8Array() })],
  ["HTTP 500", (world, transId) => ({ ...world.confirmed(transId), status: 500 }) as HttpAnswer],
  ["a body that is no Confirmation", () => ({ kind: "answered", status: 200, body: new TextEncoder().encode("ok") })],
])("%s is a failed attempt (protocol T42)", async (_, answer) => {
  const world = await quiet();
  world.answer = (posted) => answer(world, posted.transId);
  await world.reported(callerEntered(0));
  await world.time.pass(4_000);

  expect(world.posted).toHaveLength(3);
});

test("accepts a Confirmation after white space, in its header's charset (protocol T6)", async () => {
  const world = await quiet();
  world.answer = ({ transId }) => {
    const text = `\n<?xml version="1.0"?><!-- reçu -->${world.domain.codec.confirm(transId, "ok")}`;
    const contentType = "text/xml; charset=iso-8859-1";
    return { kind: "answered", status: 200, contentType, body: Buffer.from(text, "latin1") };
  };
  await world.reported(callerEntered(0));
  await world.time.pass(4_000);

  expect(world.posted).toHaveLength(1);
});

test("a Confirmation with another code than 0 ends the attempts (protocol T42)", async () => {
  const world = await quiet();
  world.answer = ({ transId }) => world.confirmed(transId, "internal-failure");
  await world.reported(callerEntered(0));
  await world.time.pass(10_000);

  expect(world.posted).toHaveLength(1);
  const refused = world.lines.filter(({ event }) => event === "refused-by-webex");
  expect(refused.map(({ why }) => why)).toEqual([expect.stringMatching(/^Result -1 for caller-entered \w+$/)]);
});

test("aborts a notification to a replaced server (protocol 4.9)", async () => {
  const world = await quiet(1);
  let fail = () => {};
  world.answer = (posted) => {
    if (!posted.url.includes("8801")) return world.confirmed(posted.transId);
    return new Promise((resolve) => {
      fail = () => resolve(failed);
    });
  };
  await world.reported(callerEntered(5));
  await world.time.pass(100);
  await world.received("t-create", createConference({ replyTo: "localhost:8802", extConfId: "7002" }));
  expect(world.posted.map(({ url, signal }) => [url.includes("8801"), signal.aborted])[0]).toEqual([true, true]);
  fail();
  await world.time.pass(60_000);

  expect(world.posted.filter(({ url }) => url.includes("8801"))).toHaveLength(1);
  expect(world.lines.filter(({ event }) => event === "post-failed" || event === "post-given-up")).toEqual([]);
});

test("nothing goes to a host that is not listed", async () => {
  const world = await quiet();
  await world.received("t", request("update-conference", { action: "lock", replyTo: "evil.example.com:80" }));
  await world.allDone();
  await world.time.pass(1000);

  expect(world.posted.every(({ url }) => url.startsWith("http://127.0.0.1:8801/"))).toBe(true);
  expect(world.lines.filter(({ event }) => event === "post-given-up")).toEqual([
    expect.objectContaining({ host: "evil.example.com:80", why: "the settings do not have its receiver any more" }),
  ]);
});

test("a server that is back in the settings gets its pending notifications", async () => {
  const world = await ConferenceWorld.running(1);
  const { domain } = world;
  world.domain = testDomain({ webex: { hosts: ["elsewhere.example.com"] } });
  world.posted.length = 0;
  await world.reported(callerEntered(1), callerLeft(0));
  await world.time.pass(60_000);
  expect(world.posted).toEqual([]);
  world.domain = domain;
  await world.time.pass(300_000);
  const told = world.posted.flatMap(({ body }) => body.match(/<A2W_\w+[^>]*/g) ?? []);
  expect(told).toEqual([
    expect.stringContaining("A2W_NotifyUserEnter"),
    expect.stringMatching(/A2W_NotifyUserChange.*ExtCallID="1001".*Status="2"/),
  ]);
});
