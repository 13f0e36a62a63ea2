import { expect, onTestFinished, test, vi } from "vitest";
import type { ConfKey, MsgId } from "../../src/foundation/ids.ts";
import { localDomain } from "../../src/settings/local-domain.ts";
import { aBatch } from "../durable-objects/a-batch.ts";
import { FakeEdge, token } from "./fake-edge.ts";

const local = localDomain({ agents: [] });
const create = (extConfId = "7000001", confKey = "555111222", msgId = "11") =>
  `<W2A_CreateConference MsgID="${msgId}" WbxHostName="tsp1.example.com:80" ExtConfID="${extConfId}" ConfKey="${confKey}"/>`;
const drop = (extConfId = "7000001", msgId = "12") =>
  `<W2A_DropUser MsgID="${msgId}" WbxHostName="tsp1.example.com:80" ExtConfID="${extConfId}" ExtCallID="9"/>`;
const callOut = (extConfId = "7000001") =>
  `<W2A_Callout MsgID="13" WbxHostName="tsp1.example.com:80" ExtConfID="${extConfId}" ExtCallID="8" Privilege="0">
    <PhoneNum><CountryCode>1</CountryCode><AreaCode>408</AreaCode><LocalNumber>5550100</LocalNumber></PhoneNum></W2A_Callout>`;
const named = (msgId: string) => `<W2A_RspNotifyUserEnter MsgID="${msgId}" ExtCallID="9"/>`;
const document = (...messages: string[]) =>
  `<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>52491000001</TransID>${messages.join("")}</WbxTSPSchema>`;
const resultOf = async (response: Response) => /Result="(-?\d+)"/.exec(await response.text())?.[1];

test("a create claims its handle, reaches its conference, and is confirmed (protocol T4)", async () => {
  const edge = new FakeEdge();

  const response = await edge.post(document(create()));

  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/xml; charset=UTF-8");
  expect(await response.text()).toMatch(/<TransID>52491000001<\/TransID>\s*<Confirmation Result="0"/);
  expect(edge.calls).toEqual(["resolve 7000001", "receive 555111222"]);
});

test("refuses only new creates over the limit", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const edge = new FakeEdge();
  await edge.directory.publish(aBatch({ key: "555000000" }));
  await edge.post(document(create("7000009", "555999999"), drop()));
  const disk = Promise.withResolvers<void>();
  edge.onDisk = () => disk.promise;
  const post = async (...messages: string[]) => {
    edge.onDisk = async () => {};
    const answered = edge.post(document(...messages));
    await vi.advanceTimersByTimeAsync(0);
    edge.time += 2_000;
    await vi.advanceTimersByTimeAsync(25);
    return answered;
  };
  const underWay = [create("1", "5551"), create("2", "5552")].map((one) => edge.post(document(one)));
  await vi.advanceTimersByTimeAsync(0);

  const refused = await post(create("3", "5553"));
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "2"]);
  expect(edge.calls).not.toContain("receive 5553");
  expect(await edge.metric('bridgehead_creates_refused_total{domain="local"}')).toBe("1");
  expect(edge.logged).toEqual(["create-refused"]);
  for (const allowed of [create("1", "5551"), create("4", "555000000"), drop("7000009"), create("5", "5555") + drop()])
    expect((await post(allowed)).status, allowed).toBe(200);
  disk.resolve();
  await Promise.all(underWay);
  expect((await post(create("3", "5553"))).status).toBe(200);
});

test("a handle that was found is asked for again after five minutes: it may be another conference's by then", async () => {
  const edge = new FakeEdge();
  await edge.held("7000001", "555111222");
  const asked = async (afterMs: number) => {
    edge.time += afterMs;
    edge.calls.length = 0;
    await edge.post(document(drop()));
    return edge.calls.includes("resolve 7000001");
  };
  expect([await asked(0), await asked(299_999), await asked(2)]).toEqual([true, false, true]);
});

test("a handle that is not known yet is asked for once, and again with the next document", async () => {
  const edge = new FakeEdge();

  await edge.post(document(drop(), drop("7000001", "14")));
  await edge.post(document(drop()));

  expect(edge.calls.filter((call) => call.startsWith("resolve"))).toEqual(["resolve 7000001", "resolve 7000001"]);
});

test("a call-out beside a create finds the conference that it makes", async () => {
  const edge = new FakeEdge();

  await edge.post(document(callOut(), create(), drop()));

  expect(edge.received.get("555111222")?.map(({ type }) => type)).toEqual([
    "call-out",
    "create-conference",
    "drop-caller",
  ]);
  expect(edge.calls).toEqual(["resolve 7000001,7000001", "receive 555111222"]);
});

test("a call-out to an unknown conference beside a create: one Confirmation, and each is answered for itself (protocol T5, T27)", async () => {
  const edge = new FakeEdge();

  const response = await edge.post(document(callOut("7999999"), create()));

  expect(await resultOf(response)).toBe("0");
  expect(edge.received.get("555111222")?.map(({ type }) => type)).toEqual(["create-conference"]);
  expect(edge.mailed.get("http://tsp1.example.com")).toMatchObject([
    { type: "called-out", result: "no-such-conference" },
  ]);
});

test("a handle that a living conference holds is not given to another one", async () => {
  const edge = new FakeEdge();
  await edge.held("7000001", "555000000");
  edge.alive.add("555000000");

  expect(await resultOf(await edge.post(document(create(), drop())))).toBe("0");

  expect(edge.mailed.get("http://tsp1.example.com")).toMatchObject([
    { type: "conference-created", result: "ext-conf-id-in-use", msgId: "11" },
  ]);
  expect(edge.received).toEqual(new Map([["555000000", [expect.objectContaining({ type: "drop-caller" })]]]));
});

test("a handle whose conference is over goes to the new one", async () => {
  const edge = new FakeEdge();
  await edge.held("7000001", "555000000");
  await edge.post(document(drop()));

  await edge.post(document(create()));
  await edge.post(document(drop()));

  expect(await edge.holder("7000001")).toBe("555111222");
  expect(edge.received.get("555111222")?.map(({ type }) => type)).toEqual(["create-conference", "drop-caller"]);
});

test.each([
  ["nobody's", null],
  ["that of a conference that is over", "555000000"],
])(
  "of two creates for one handle at once, which was %s, one has it and the other is refused",
  async (_whose, before) => {
    const edge = new FakeEdge();
    if (before !== null) await edge.held("7000001", before);
    const second = document(create("7000001", "555333444", "12")).replace("52491000001", "52491000002");

    await Promise.all([edge.post(document(create())), edge.post(second)]);

    const [holder = "", ...others] = edge.received.keys();
    expect(others).toEqual([]);
    expect(await edge.holder("7000001")).toBe(holder);
    expect(edge.mailed.get("http://tsp1.example.com")).toMatchObject([{ result: "ext-conf-id-in-use" }]);
  },
);

test("a handle that now stands for another conference is found anew by who remembers it otherwise", async () => {
  const edge = new FakeEdge();
  await edge.held("7000001", "555000000");
  await edge.post(document(drop()));
  edge.over.add("555000000");
  await edge.held("7000001", "555111222");
  edge.calls.length = 0;

  await edge.post(document(drop()));
  await edge.post(document(drop()));

  expect(edge.calls).toEqual(["receive 555000000", "resolve 7000001", "receive 555111222", "receive 555111222"]);
  expect(edge.received.get("555111222")).toHaveLength(2);
});

test("of two creates for one handle in one document the first has it", async () => {
  const edge = new FakeEdge();

  await edge.post(document(create("7000001", "555111222", "11"), create("7000001", "555333444", "12")));

  expect([...edge.received.keys()]).toEqual(["555111222"]);
  expect(edge.mailed.get("http://tsp1.example.com")).toMatchObject([{ result: "ext-conf-id-in-use", msgId: "12" }]);
});

test("the answer that names a call finds its conference by nothing but its MsgID (protocol T10)", async () => {
  const edge = new FakeEdge();
  edge.holders.set("52491000077" as MsgId, "555111222" as ConfKey);

  expect(await resultOf(await edge.post(document(named("52491000077"), named("52491000078"))))).toBe("0");

  expect(edge.received.get("555111222")).toMatchObject([{ type: "caller-named", msgId: "52491000077" }]);
  expect(edge.logged).toEqual(["document-note"]);
});

test("a ConfKey that no telephone can key is a conference of its own, also for operators (protocol 2.1)", async () => {
  const edge = new FakeEdge();
  const keys = ["555/111", "555", "111", "../555"];
  await edge.post(document(...keys.map((key, index) => create(`700000${index}`, key, `${index}`))));

  expect([...edge.received.keys()]).toEqual(keys);
  for (const key of keys) edge.alive.add(key);
  const url = `/api/v1/domains/local/conferences/${encodeURIComponent("555/111")}/hybrid`;
  const headers = { authorization: `Bearer ${token}` };
  await edge.app.request(url, { method: "PUT", headers, body: '{"connectData":"x"}' });
  expect(edge.calls.at(-1)).toBe("operate 555/111");
});

test("accepts the same TransID from two servers", async () => {
  const edge = new FakeEdge(token, { webex: { ...local.webex, hosts: ["*.example.com"] } });
  await edge.post(document(create()));
  await edge.post(document(create("7000002", "555333444").replace("tsp1", "tsp2")));

  expect([...edge.received.keys()]).toEqual(["555111222", "555333444"]);
});

test("the charset of the Content-Type header counts where nothing else names one (protocol T6)", async () => {
  const edge = new FakeEdge(token);
  const text = `\n<?xml version="1.0"?>${document(create()).replace('MsgID="', 'ConfName="Fête" MsgID="')}`;
  const response = await edge.post(Buffer.from(text, "latin1"), { "content-type": "text/xml; charset=ISO-8859-1" });

  expect(await resultOf(response)).toBe("0");
  expect(edge.received.get("555111222")).toMatchObject([{ conferenceName: "Fête" }]);
  expect(edge.lines.at(-1)).toMatchObject({ note: "white space before the XML declaration is skipped" });
});

test("while one conference of several cannot be reached the document is not confirmed; sent again, it completes", async () => {
  const edge = new FakeEdge();
  await edge.held("7000001", "555111222");
  await edge.held("7000002", "555333444");
  edge.broken.add("555111222");

  const response = await edge.post(document(drop("7000001"), drop("7000002", "14")));

  expect(response.status).toBe(503);
  expect(await response.text()).toBe("Not all of the document could be stored. Send it again.\n");
  expect([...edge.received.keys()]).toEqual(["555333444"]);
  expect(edge.lines.at(-1)).toMatchObject({
    domain: "local",
    object: "a conference",
    objectId: "id of 555111222",
    conference: "555111222",
    error: expect.stringContaining("Error"),
  });
  edge.broken.clear();
  expect(await resultOf(await edge.post(document(drop("7000001"), drop("7000002", "14"))))).toBe("0");
  expect([...edge.received.keys()]).toEqual(["555333444", "555111222"]);
});

test.each([
  ["the handle index", "handles"],
  ["the id allocator", "ids"],
  ["the mail", "mailbox"],
])("while %s cannot be reached the document is not confirmed", async (_what, broken) => {
  const edge = new FakeEdge();
  edge.broken.add(broken);

  const response = await edge.post(document(create(), drop("7999999"), named("52491000077")));

  expect(response.status).toBe(503);
});

test.each<[string, BodyInit, string]>([
  ["an empty body", "", "-2"],
  ["no XML", "hello", "-2"],
  ["bytes that are no UTF-8", new Uint8Array([0x3c, 0xff, 0xfe]), "-2"],
  ["an entity bomb", `<!DOCTYPE a [<!ENTITY b "c">]>${document(create())}`, "-2"],
  ["another root", "<Other/>", "-3"],
  ["no TransID", `<WbxTSPSchema Name="WTSPDOM">${create()}</WbxTSPSchema>`, "-4"],
  ["a TransID with a blank", document(create()).replace("52491000001", "5 2"), "-5"],
  ["no MsgID", document(create().replace('MsgID="11"', "")), "-6"],
  ["a missing attribute", document(create().replace('ConfKey="555111222"', "")), "-7"],
  ["a wrong type", document(callOut().replace('Privilege="0"', 'Privilege="x"')), "-8"],
  ["too long a value", document(create("7".repeat(65))), "-9"],
  ["51 messages", document(...Array.from({ length: 51 }, (_, index) => drop("7000001", `${index}`))), "-10"],
  ["no message", document(), "-11"],
  ["the same MsgID twice", document(drop(), drop()), "-13"],
])("%s: nothing is done, and the Confirmation says what is wrong (protocol T21, T23)", async (_what, body, code) => {
  const edge = new FakeEdge();

  const response = await edge.post(body);

  expect(response.status).toBe(200);
  expect(await resultOf(response)).toBe(code);
  expect(edge.calls).toEqual([]);
  expect(edge.logged).toEqual(["document-refused"]);
});

test("each document that is refused is counted here, and what is no document is not", async () => {
  const edge = new FakeEdge(token, { rateLimitPerMinute: 5 });
  const counted = async (post: () => Promise<Response>) => {
    const { status } = await post();
    return [status, ...edge.refused.splice(0)];
  };
  await edge.held("7000001", "555111222");

  expect(await counted(() => edge.post(document(drop())))).toEqual([200]);
  expect(await counted(() => edge.post("hello"))).toEqual([200, "local"]);
  const elsewhere = document(drop().replace("tsp1.example.com", "tsp1.example.org"));
  expect(await counted(() => edge.post(elsewhere))).toEqual([200, "local"]);
  expect(await counted(() => edge.post("x".repeat(2_000_000)))).toEqual([413, "local"]);
  expect(edge.lines.at(-1)).toMatchObject({
    result: "too-large",
    detail: "is answered with 413: its body is too long",
  });
  edge.broken.add("555111222");
  expect(await counted(() => edge.post(document(drop())))).toEqual([503, "local"]);
  expect(await counted(() => edge.post(document(drop())))).toEqual([429, "local"]);
  expect(await counted(async () => edge.app.request("/tsp/local"))).toEqual([405]);
  expect(await counted(async () => edge.app.request("/tsp/other", { method: "POST" }))).toEqual([404]);
});

test.each([["GET"], ["PUT"], ["DELETE"], ["OPTIONS"], ["PATCH"]])(
  "%s is not for the adapter (protocol T1, T8)",
  async (method) => {
    const response = await new FakeEdge().app.request("/tsp/local", { method });

    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST");
  },
);

const secret = "q3J8xWm0ZbV5tYk2a";

const elsewhere = ["/tsp/other", "/tsp/constructor", "/tsp/%E0%A4%A", "/tsp/", "/tsp//", "/tsp/other/"];
const wrong = ["", "/", "//", `/${secret.slice(1)}/`, `/${secret}//`].map((end) => `/tsp/local${end}`);

test.each([
  ["without a secret", [], ["/tsp/local/"], [...elsewhere, "/tsp/local//", "/tsp/local/more", "/tsp/local/more/"]],
  ["with a secret", [secret], [`/tsp/local/${secret}/`], wrong],
])(
  "%s the adapter URL is there, also with a slash behind it, and no other (protocol T1)",
  async (_which, adapterSecrets, there, gone) => {
    for (const path of [...there, ...gone]) {
      const edge = new FakeEdge(token, { adapterSecrets });
      const response = await edge.app.request(path, { method: "POST", body: document(create()) });
      const type = gone.includes(path) ? "application/problem+json" : "text/xml; charset=UTF-8";
      expect([response.status, response.headers.get("content-type")], path).toEqual([
        gone.includes(path) ? 404 : 200,
        type,
      ]);
      expect(edge.received.size, path).toBe(gone.includes(path) ? 0 : 1);
    }
  },
);

test("a document costs WebEx 8 s at most, whatever its objects take one after the other", async () => {
  vi.useFakeTimers();
  try {
    const edge = new FakeEdge();
    edge.indexPauses = () =>
      new Promise((resolve) => {
        setTimeout(() => {
          edge.time += 5_000;
          resolve();
        }, 5_000);
      });
    edge.hung.add("555111222");
    const posted = edge.post(document(create()));
    await vi.advanceTimersByTimeAsync(8_000);
    expect((await posted).status).toBe(503);
  } finally {
    vi.useRealTimers();
  }
});
