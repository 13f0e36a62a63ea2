import { expect, test } from "vitest";
import type { Hello } from "../../src/link/hello.ts";
import { helloOf } from "../workers/hello-of.ts";
import { agents } from "../workers/test-domains.ts";
import { FakeEdge, token } from "./fake-edge.ts";

const yearMs = 365 * 86_400_000;
const path = "/agent/local/simulated";
const bridge = (name: string, index: 0 | 1) => {
  return { name, agents: [{ name: agents[index].name, publicKey: agents[index].publicKey }] };
};

/** The header with which the request is refused; the body where it is not. */
async function ask(edge: FakeEdge, path: string, hello?: string): Promise<string> {
  const headers = { upgrade: "websocket", ...(hello !== undefined && { "bridgehead-hello": hello }) };
  const response = await edge.app.request(path, { headers });
  return response.headers.get("bridgehead-refusal") ?? response.text();
}

function signed(edge: FakeEdge, change: Partial<Hello> = {}, index: 0 | 1 = 0): Promise<string> {
  return helloOf(index, { at: edge.time, ...change });
}

test("an agent is handed to the relay of its bridge", async () => {
  const edge = new FakeEdge();

  expect(await ask(edge, path, await signed(edge))).toBe("agent of local/simulated");
  expect((await edge.app.request(path)).status).toBe(426);
});

test.each<[string, (edge: FakeEdge) => Promise<string | undefined>, string]>([
  ["without a hello", async () => undefined, "4400 badMessage"],
  ["in another version", (edge) => signed(edge, { version: 2 }), "4406 oldVersion"],
  ["with a key that nobody knows", (edge) => signed(edge, { key: agents[1].publicKey }, 1), "4401 wrongKey"],
  ["with another one's key", (edge) => signed(edge, { key: agents[0].publicKey }, 1), "4401 wrongKey"],
  ["with what is no key", (edge) => signed(edge, { key: "%" }), "4401 wrongKey"],
  ["under another name", (edge) => signed(edge, { agent: "agent-2" }), "4401 wrongKey"],
  ["for another domain", (edge) => signed(edge, { domain: "other" }), "4403 unknownDomain"],
  ["for another bridge", (edge) => signed(edge, { bridge: "other" }), "4404 unknownBridge"],
])("a hello %s is refused, and counted", async (_how, hello, why) => {
  const edge = new FakeEdge();

  expect(await ask(edge, path, await hello(edge))).toBe(why);

  expect(await edge.metric(`bridgehead_agents_refused_total{why="${why.slice(5)}"}`)).toBe("1");
});

test("an agent learns that its domain or its bridge is another one; a stranger does not learn which there are", async () => {
  const edge = new FakeEdge(token, { bridges: [bridge("simulated", 0), bridge("second", 1)] });
  const at = (domain: string, bridge: string, index: 0 | 1 = 0, change: Partial<Hello> = {}) =>
    signed(edge, { domain, bridge, ...change }, index).then((hello) => ask(edge, `/agent/${domain}/${bridge}`, hello));

  expect(await at("other", "simulated")).toBe("4403 unknownDomain");
  expect(await at("local", "other")).toBe("4404 unknownBridge");
  expect(await at("local", "second")).toBe("4404 unknownBridge");
  expect(await at("local", "second", 1)).toBe("agent of local/second");
  for (const [domain, bridge] of [
    ["local", "simulated"],
    ["local", "other"],
    ["other", "simulated"],
    ["__proto__", "x"],
  ] as const) {
    expect(await at(domain, bridge, 1, { key: agents[0].publicKey })).toBe("4401 wrongKey");
    expect(await at(domain, bridge, 1, { key: "A".repeat(43) })).toBe("4401 wrongKey");
    expect(await ask(edge, `/agent/${domain}/${bridge}`)).toBe("4400 badMessage");
  }
});

test("no clock of an agent refuses it, nor does the edge's", async () => {
  const edge = new FakeEdge();

  for (const at of [0, edge.time + yearMs])
    expect(await ask(edge, path, await signed(edge, { at }))).toBe("agent of local/simulated");
});

test("the relay hears of a wrong key for the name of its own agent, twice a minute at most", async () => {
  const edge = new FakeEdge(token, { bridges: [bridge("simulated", 0), bridge("second", 1)] });
  const told = () => edge.calls.filter((call) => call.startsWith("the key of"));
  const stranger = { key: "A".repeat(43) };
  await ask(edge, path, await signed(edge, stranger));
  expect(told()).toEqual([`the key of ${agents[0].name} of simulated is wrong`]);
  for (const change of [{ agent: "agent-9" }, { bridge: "second" }, { domain: "other" }])
    await ask(edge, path, await signed(edge, { ...stranger, ...change }));
  await ask(edge, "/agent/local/none", await signed(edge, { ...stranger, bridge: "none" }));
  await ask(edge, path, await signed(edge, { version: 2 }));
  expect(told()).toHaveLength(1);
  for (let more = 0; more < 9; more += 1) await ask(edge, path, await signed(edge, stranger));
  expect(told()).toHaveLength(2);
  await ask(edge, "/agent/local/second", await signed(edge, { ...stranger, bridge: "second" }, 1));
  expect(told().splice(2)).toEqual([`the key of ${agents[1].name} of second is wrong`]);
  edge.time += 60_000;
  await ask(edge, path, await signed(edge, stranger));
  expect(told()).toHaveLength(4);
});

test("of each agent of a bridge, and in each domain, the relay hears for itself", async () => {
  const both = { name: "simulated", agents: [...bridge("", 0).agents, ...bridge("", 1).agents] };
  const edge = new FakeEdge(token, { bridges: [both] }, {}, ["other"]);
  const told = () => edge.calls.splice(0).filter((call) => call.startsWith("the key of")).length;
  const guess = async (domain: string, index: 0 | 1) => {
    const hello = { domain, key: "A".repeat(43) };
    for (let more = 0; more < 3; more += 1)
      await ask(edge, `/agent/${domain}/simulated`, await signed(edge, hello, index));
    return told();
  };
  expect([await guess("local", 0), await guess("local", 1), await guess("other", 0)]).toEqual([2, 2, 2]);
});

test("a relay that does not answer does not keep a stranger waiting for its refusal", async () => {
  const edge = new FakeEdge();
  edge.broken.add("simulated");
  expect(await ask(edge, path, await signed(edge, { key: "A".repeat(43) }))).toBe("4401 wrongKey");
});
