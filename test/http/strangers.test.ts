import { expect, test } from "vitest";
import { localDomain } from "../../src/settings/local-domain.ts";
import { FakeEdge, token } from "./fake-edge.ts";

const [first, second] = ["aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbb"] as const;
const secretive = () => new FakeEdge(token, { adapterSecrets: [first, second] });
const { webex } = localDomain({ agents: [] });
const host = "tsp1.example.com:80";

const create = (at: string, extConfId = "7000001", confKey = "555111222") =>
  `<W2A_CreateConference MsgID="${extConfId}" WbxHostName="${at}" ExtConfID="${extConfId}" ConfKey="${confKey}"/>`;
const drop = (at: string) => `<W2A_DropUser MsgID="12" WbxHostName="${at}" ExtConfID="7999999" ExtCallID="9"/>`;
const document = (...messages: string[]) =>
  `<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>52491000001</TransID>${messages.join("")}</WbxTSPSchema>`;
const post = (edge: FakeEdge, path: string, body = document(create(host))) =>
  edge.app.request(path, { method: "POST", body });
const seen = async (response: Response) => ({
  status: response.status,
  headers: [...response.headers],
  body: await response.text(),
});

test.each([
  `/tsp/local/${first}`,
  `/tsp/local/${second}`,
  `/tsp/local/${second}/`,
  `/tsp/local/${second}?from=webex`,
  `/tsp/loc%61l/%62${second.slice(1)}`,
])("a domain with two secrets answers behind each of them: %s", async (path) => {
  const edge = secretive();

  expect((await post(edge, path)).status).toBe(200);
  expect(edge.calls).toEqual(["resolve 7000001", "receive 555111222"]);
});

test.each([
  "/tsp/local",
  "/tsp/local/",
  "/tsp/local/wrong",
  `/tsp/local/${first}x`,
  `/tsp/local/${first.slice(1)}`,
  `/tsp/local/${first.toUpperCase()}`,
  `/tsp/local/${first}/${first}`,
  `/tsp/local/${first}//`,
  `/tsp/local/%20${first}`,
  `/TSP/local/${first}`,
  `/%74sp/local/${first}`,
  `/x/tsp/local/${first}`,
  `/tsp/other/${first}`,
  "/tsp/other/wrong",
  "/tsp/constructor/undefined",
])("%s is told nothing but what an unknown domain is told", async (path) => {
  const edge = secretive();
  const unknown = await seen(await post(edge, "/tsp/nobody/here"));

  for (const method of ["POST", "GET", "PUT"]) {
    const body = method === "GET" ? null : document(create(host));
    expect(await seen(await edge.app.request(path, { method, body }))).toEqual(unknown);
  }
  expect(unknown.status).toBe(404);
  expect(edge.calls).toEqual([]);
});

test("a domain without secrets answers without one, and only so", async () => {
  const edge = new FakeEdge();

  expect((await post(edge, "/tsp/local")).status).toBe(200);
  expect((await post(edge, "/tsp/local/anything")).status).toBe(404);
  expect(await edge.metric("bridgehead_strangers_total")).toBe("1");
});

test("with the secret, but from elsewhere, gets the answer of a wrong secret, and is noted", async () => {
  const from = ["192.0.2.0/24", "2001:db8::/32"];
  const edge = new FakeEdge(token, { adapterSecrets: [first], webex: { ...webex, from } });
  const ask = (address: string, path: string) =>
    edge.app.request(path, { method: "POST", body: document(), headers: { "cf-connecting-ip": address } });
  const bytes = async (answer: Response) => [answer.status, [...answer.headers], await answer.text()];

  for (const address of ["192.0.2.255", "2001:db8::7"])
    expect((await ask(address, `/tsp/local/${first}`)).status, address).toBe(200);
  expect(edge.sourcesRefused).toEqual([]);
  for (const list of [edge.logged, edge.lines]) list.length = 0;

  const elsewhere = await bytes(await ask("203.0.113.9", `/tsp/local/${first}`));
  expect(elsewhere).toEqual(await bytes(await ask("203.0.113.9", "/tsp/nobody/wrong")));
  expect(elsewhere[0]).toBe(404);
  expect([edge.logged, edge.sourcesRefused]).toEqual([[], ["203.0.113.9"]]);
  // Whoever has not the secret leaves no trace of it.
  await ask("203.0.113.9", "/tsp/local/wrong");
  expect(edge.sourcesRefused).toHaveLength(1);
});

test("a flood is answered with 429 and how long to wait; what comes later is served", async () => {
  const edge = new FakeEdge(token, { rateLimitPerMinute: 30 }, {}, ["other"]);
  for (let count = 0; count < 30; count += 1) expect((await post(edge, "/tsp/local")).status).toBe(200);
  edge.calls.length = 0;

  const refused = await post(edge, "/tsp/local");

  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "2"]);
  expect(edge.calls).toEqual([]);
  expect(await edge.metric('bridgehead_rate_limited_total{domain="local"}')).toBe("1");
  edge.time += 2_000;
  expect((await post(edge, "/tsp/local")).status).toBe(200);
  edge.time += 1_500;
  const again = await post(edge, "/tsp/local");
  expect([again.status, again.headers.get("retry-after")]).toEqual([429, "1"]);
  // Another domain has its own.
  expect((await post(edge, "/tsp/other")).status).toBe(200);
});

test("strangers without the secret use up nothing of the domain's limit", async () => {
  const edge = new FakeEdge(token, { adapterSecrets: [first], rateLimitPerMinute: 1 });

  for (let count = 0; count < 5; count += 1) expect((await post(edge, "/tsp/local/wrong")).status).toBe(404);
  expect((await post(edge, `/tsp/local/${first}`)).status).toBe(200);
});

test.each([
  "evil.example.net:80",
  "127.0.0.1.example.net:80",
  "2130706433:80",
  "[::ffff:127.0.0.1]:80",
  "tsp1.example.com.:80",
])("for %s the document is refused, nothing is done, and log and counter say so (protocol T16)", async (stranger) => {
  const edge = new FakeEdge(token, { webex: { ...webex, hosts: ["tsp1.example.com", "127.0.0.1"] } });

  const response = await post(edge, "/tsp/local", document(create(stranger), drop(stranger)));

  expect([response.status, /Result="(-?\d+)"/.exec(await response.text())?.[1]]).toEqual([200, "-14"]);
  expect(edge.calls).toEqual([]);
  expect(edge.logged).toEqual(["host-refused", "host-refused"]);
  const [name = ""] = stranger.toLowerCase().split(/:80$/);
  expect(edge.serversRefused).toEqual([name, name]);
  expect(await edge.metric('bridgehead_hosts_refused_total{domain="local"}')).toBe("2");
});

test.each(["ftp://127.0.0.1:9100", "user@127.0.0.1:9100", "127.0.0.1:99999"])(
  "an unknown message that names %s, which is no host, is refused as a create is: nobody could be answered",
  async (none) => {
    const edge = new FakeEdge();
    const unknown = `<W2A_SomethingNew MsgID="14" WbxHostName="${none}" ExtConfID="7000001"/>`;
    const resultOf = async (...messages: string[]) =>
      /Result="(-?\d+)"/.exec(await (await post(edge, "/tsp/local", document(...messages))).text())?.[1];

    expect(await resultOf(unknown)).toBe("-8");
    expect(edge.calls).toEqual([]);
    expect(await resultOf(unknown, create(host))).toBe("0");
    expect(edge.logged).toEqual(["host-refused", "host-refused"]);
  },
);

test("the host of a message that gets no answer does not matter (protocol T16)", async () => {
  const edge = new FakeEdge();
  const named =
    '<W2A_RspNotifyUserEnter MsgID="13" WbxHostName="evil.example.net:80" ExtConfID="7000001" ExtCallID="9"/>';

  const response = await post(edge, "/tsp/local", document(named));

  expect(/Result="(-?\d+)"/.exec(await response.text())?.[1]).toBe("0");
});

test.each(["[127.0.0.1]:80", "[::::]:80", "127.0.0.1:0", "127.0.0.1:99999"])(
  "%s is no host: the form is wrong",
  async (host) => {
    const edge = new FakeEdge();

    const response = await post(edge, "/tsp/local", document(create(host)));

    expect([response.status, /Result="(-?\d+)"/.exec(await response.text())?.[1]]).toEqual([200, "-8"]);
  },
);

test("two spellings of one server reach the conference as one", async () => {
  const edge = new FakeEdge();

  await post(edge, "/tsp/local", document(create("tsp1.example.com:80"), drop("TSP1.Example.com")));
  await post(edge, "/tsp/local", document(create("http://tsp1.example.com")).replace("52491000001", "52491000002"));

  const hosts = edge.received.get("555111222")?.map((message) => message.replyTo);
  expect(hosts).toEqual(["http://tsp1.example.com", "http://tsp1.example.com"]);
  expect([...edge.mailed.keys()]).toEqual(["http://tsp1.example.com"]);
});

test("beside a refused host the rest of the document is carried out", async () => {
  const edge = new FakeEdge();

  await post(edge, "/tsp/local", document(create("evil.example.net:80"), create(host, "7000002", "555333444")));

  expect([...edge.received.keys()]).toEqual(["555333444"]);
  expect(await edge.metric('bridgehead_documents_total{domain="local",result="ok"}')).toBe("1");
});

test("documents are counted by their result, and requests without the token", async () => {
  const edge = new FakeEdge();
  await post(edge, "/tsp/local", "hello");
  await edge.post(" ".repeat(1024 * 1024 + 1));
  await edge.app.request("/metrics");

  const documents = Object.entries({ "too-large": "1", "too-slow": "0", "not-xml": "1" });
  for (const [result, count] of documents)
    expect(await edge.metric(`bridgehead_documents_total{domain="local",result="${result}"}`)).toBe(count);
  expect(await edge.metric("bridgehead_operators_refused_total")).toBe("1");
  const lines = await edge.metrics("bridgehead");
  expect(lines.join("\n")).not.toMatch(/^(?!bridgehead_\w+(?:\{\w+="[\w-]+"(?:,\w+="[\w.+-]+")*\})? \d+$).+/m);
});
