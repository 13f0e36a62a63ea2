import { expect, test } from "vitest";
import type { LifePlace } from "../../../durable-objects/node/runtime.ts";
import type { RuntimeSocket } from "../../../durable-objects/node/runtime-socket.ts";
import { RuntimeOnTest, settle } from "./runtime-on-test.ts";

/** Keeps what it hears, and says how many sockets there are. */
function hearing({ sql, sockets, deleteAll, abort }: LifePlace) {
  sql.exec("CREATE TABLE IF NOT EXISTS heard (id INTEGER PRIMARY KEY, text TEXT)");
  const add = (text: string) => void sql.exec("INSERT INTO heard (text) VALUES (?)", text);
  return {
    add,
    all: () => sql.exec("SELECT text FROM heard ORDER BY id").map(({ text }) => text),
    sockets: () => sockets().map(({ label }) => label),
    deleteAll,
    abort: () => abort("enough"),
    pings: { ping: "ping", pong: "pong" },
    connect: (headers: Headers, accept: (label?: string) => RuntimeSocket) => {
      const who = headers.get("who");
      if (who === "unknown") return new Response("who are you?", { status: 403, headers: { why: "unknown" } });
      if (who === "nobody") return null;
      const socket = accept(who ?? "");
      if (who === "late") return new Response("", { status: 503 });
      if (who === "two") accept();
      socket.keep({ who });
      socket.send("welcome");
      return null;
    },
    received: (socket: RuntimeSocket, text: string) => {
      add(text);
      if (text === "break") throw new Error("broken by a message");
      if (text === "leave") socket.close(1000, "left");
      socket.send(`${(socket.kept() as { who: string }).who} said ${text} to ${sockets().length}`);
    },
    closed: ({ label }: RuntimeSocket) => add(`closed ${label}`),
  };
}

test("answers pings without the object", async () => {
  const test = await RuntimeOnTest.start(hearing);
  const { socket, sent } = await test.connect();
  await test.clock.pass(13_000);
  expect(socket.pingedAt()).toBe(null);
  socket.received("ping");
  await settle();
  expect([sent, socket.pingedAt(), test.made.length]).toEqual([["welcome", "pong"], test.clock.now, 1]);
});

test("an edge that may have lost its lease answers no pings", async () => {
  const test = await RuntimeOnTest.start(hearing);
  const { socket, sent } = await test.connect();
  test.disk.lease = { isHeld: false, renewed: () => new Promise(() => {}) };
  socket.received("ping");
  await settle();
  expect(sent).toEqual(["welcome"]);
});

test("frames and closes wait for the flush, in their order", async () => {
  const test = await RuntimeOnTest.start(hearing);
  const { socket, sent } = await test.connect({ who: "ann" });
  await test.ask("add", "first");
  const release = test.disk.hold();
  for (const text of ["a", "b", "leave", "late"]) socket.received(text);
  await settle();
  expect(sent).toEqual(["welcome"]);
  await release();
  expect(sent).toEqual(["welcome", "ann said a to 1", "ann said b to 1", "closed 1000 left"]);
});

test("no frame leaves when its flush fails", async () => {
  const test = await RuntimeOnTest.start(hearing);
  const { socket, sent } = await test.connect();
  test.disk.fault = new Error("disk is full");
  for (const text of ["a", "leave"]) socket.received(text);
  await settle();
  socket.received("ping");
  await settle();
  expect([sent, test.fatal.length]).toEqual([["welcome"], 1]);
});

test("what is sent before the connection is made leaves with it", async () => {
  const test = await RuntimeOnTest.start(hearing);
  const answer = await test.runtime.connect("sessions", "one", new Headers());
  const socket = test.runtime.acceptedBy(answer);
  expect(test.runtime.acceptedBy(answer)).toBe(undefined);
  await test.ask("deleteAll");
  await settle();
  const sent: string[] = [];
  socket?.attach({ send: (text) => sent.push(text), close: (code, reason) => sent.push(`${code} ${reason}`) });
  expect(sent).toEqual(["welcome", "1012 the object was deleted"]);
});

test.each([
  ["unknown", 403],
  ["nobody", 404],
  ["late", 503],
])("a request that is refused (%s) gets no socket", async (who, status) => {
  const test = await RuntimeOnTest.start(hearing);
  const answer = await test.runtime.connect("sessions", "one", new Headers({ who }));
  expect([answer.status, test.runtime.acceptedBy(answer), await test.ask("sockets")]).toEqual([status, undefined, []]);
});

test("a request gets one socket", async () => {
  const test = await RuntimeOnTest.start(hearing);
  await expect(test.connect({ who: "two" })).rejects.toThrow("a request can accept only one socket");
  expect(await test.ask("sockets")).toEqual([]);
});

test("a message that breaks its object leaves the socket, and the next one is heard", async () => {
  const test = await RuntimeOnTest.start(hearing);
  const { socket, sent } = await test.connect({ who: "ann" });
  socket.received("break");
  socket.received("after");
  await settle();
  await test.ask("abort").catch(() => {});
  socket.received("again");
  await settle();
  expect(sent).toEqual(["welcome", "ann said after to 1", "ann said again to 1"]);
  expect(await test.ask("all")).toEqual(["break", "after", "again"]);
  expect(test.lines.map(({ event, why }) => `${event} ${why}`)).toEqual([
    "object-broke broken by a message",
    "object-broke enough",
  ]);
});

test("a deletion closes the sockets, and the next object does not hear of them", async () => {
  const test = await RuntimeOnTest.start(hearing);
  const { socket, sent } = await test.connect({ who: "ann" });
  await test.ask("deleteAll");
  await settle();
  expect(sent).toEqual(["welcome", "closed 1012 the object was deleted"]);
  socket.received("late");
  socket.ended();
  await settle();
  expect([await test.ask("all"), await test.ask("sockets")]).toEqual([[], []]);
});
