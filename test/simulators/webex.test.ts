import { afterEach, expect, test } from "vitest";
import { freePorts } from "../../simulators/free-ports.ts";
import { postDocument, serverIds, WebexClient } from "../../simulators/webex/client.ts";
import { type ServerOptions, WebexServer } from "../../simulators/webex/server.ts";
import type { ExtCallId, ExtConfId, MsgId } from "../../src/foundation/ids.ts";
import { completeText, createCodec } from "../../src/tsp/codec.ts";
import type { ToWebex } from "../../src/tsp/messages.ts";

const codec = createCodec({});
const servers: WebexServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())));

async function startServer(options: ServerOptions = {}): Promise<WebexServer> {
  const server = new WebexServer(options);
  servers.push(server);
  await server.start();
  return server;
}

const closed: ToWebex = { type: "conference-closed", msgId: "52491000123" as MsgId, result: "ok" };

async function postTo(server: WebexServer, transId: string, ...messages: ToWebex[]) {
  const answer = await postDocument(
    `http://${server.host}/`,
    completeText(codec.encode(transId, messages)),
    undefined,
    2_000,
  );
  return { status: answer.status, confirmation: codec.readConfirmation(answer.body) };
}

test("a server's ids have two digits of the server, five of the second of the day, and four that count up (protocol T33, section 5, row 19)", () => {
  const ids = serverIds(7, () => Date.UTC(2026, 0, 1, 0, 2, 5));

  expect([ids.transId(), ids.transId(), ids.msgId()]).toEqual(["07001250000", "07001250001", "07001250000"]);
});

test("each post is confirmed and recorded, a repeat as a second attempt", async () => {
  const server = await startServer();

  const first = await postTo(server, "52491000001", closed);
  await postTo(server, "52491000001", closed);

  expect(first).toEqual({ status: 200, confirmation: { ok: true, value: { transId: "52491000001", result: 0 } } });
  expect(server.received.map(({ attempt, message }) => [attempt, message.type])).toEqual([
    [1, "conference-closed"],
    [2, "conference-closed"],
  ]);
  expect(server.messages).toEqual([closed]);
});

test("a server can fail in each way that a real one can", async () => {
  const server = await startServer();

  server.answerMode = { type: "status", status: 503 };
  expect((await postTo(server, "52491000001", closed)).status).toBe(503);
  server.answerMode = { type: "wrong-trans-id" };
  expect((await postTo(server, "52491000001", closed)).confirmation).toMatchObject({
    value: { transId: "524910000010" },
  });
  server.answerMode = { type: "confirm", result: "internal-failure" };
  expect((await postTo(server, "52491000002", closed)).confirmation).toMatchObject({ value: { result: -1 } });
  server.answerMode = { type: "never-answer" };
  const unanswered = postDocument(
    `http://${server.host}/`,
    completeText(codec.encode("52491000003", [closed])),
    undefined,
    50,
  );
  await expect(unanswered).rejects.toThrow("no answer within 50 ms");
});

test("a caller who enters is named at the adapter's URL: by a new ExtCallID, or by the ExtCallID of the notification", async () => {
  const adapter = await startServer({ codec: adapterSide() });
  const server = await startServer({ adapterUrl: `http://${adapter.host}/` });
  const extConfId = "3100417" as ExtConfId;

  await postTo(
    server,
    "52491000001",
    { type: "caller-entered", msgId: "52491000001" as MsgId, extConfId, attendeeId: "101" },
    {
      type: "caller-entered",
      msgId: "52491000002" as MsgId,
      extConfId,
      extCallId: "9001" as ExtCallId,
      attendeeId: "102",
    },
  );

  const newName = await server.extCallIdOf(extConfId, "101");
  expect(await server.extCallIdOf(extConfId, "102")).toBe("9001");
  expect(newName).not.toBe("9001");
  expect(adapter.messages).toContainEqual(
    expect.objectContaining({ type: "caller-named", msgId: "52491000001", extConfId, extCallId: newName }),
  );
});

test("a wait that fails says what was expected and what came", async () => {
  const server = await startServer();
  await postTo(server, "52491000001", closed);

  const waiting = server.waitFor("the created conference", (message) => message.type === "conference-created", 10);

  await expect(waiting).rejects.toThrow(/expected within 10 ms: the created conference\ncame:\n {2}conference-closed/);
});

test("a client that nobody confirms gives up after its attempts, and says why", async () => {
  const [port] = await freePorts(1);
  const client = new WebexClient({ adapterUrl: `http://127.0.0.1:${port}/`, attempts: 3 });
  const closeRequest = { type: "close-conference", msgId: client.msgId(), extConfId: "1" as ExtConfId } as const;

  await expect(client.post(closeRequest)).rejects.toThrow(
    /no Confirmation in 3 attempts; the last one: .*ECONNREFUSED/,
  );
});

/** A server that reads what WebEx sends: enough of an adapter to hear how callers are named. */
function adapterSide(): NonNullable<ServerOptions["codec"]> {
  return { ...createCodec({}, "webex"), decode: codec.decode } as never;
}
