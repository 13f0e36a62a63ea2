import { evictDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { operatorToken } from "./test-domains.ts";

const ask = (path: string, init: RequestInit = {}) => exports.default.fetch(`http://edge.example.com${path}`, init);

beforeEach(() => {
  vi.spyOn(globalThis, "fetch").mockRejectedValue(new Error("nobody listens"));
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** What /metrics says of this series; `undefined`: nothing. */
async function metric(series: string): Promise<number | undefined> {
  const answer = await ask("/metrics", { headers: { authorization: `Bearer ${operatorToken}` } });
  const line = (await answer.text()).split("\n").find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

test("metrics survive the eviction of the directory", async () => {
  const before = (await metric('bridgehead_documents_total{domain="local",result="ok"}')) ?? 0;
  const create = `<W2A_CreateConference MsgID="1" WbxHostName="127.0.0.1:1" ExtConfID="7000001" ConfKey="555111222"/>`;
  const body = `<WbxTSPSchema><TransID>1</TransID>${create}</WbxTSPSchema>`;
  await ask("/tsp/local", { method: "POST", body });

  const documents = () => metric('bridgehead_documents_total{domain="local",result="ok"}');
  const creating = () => metric('bridgehead_conferences{domain="local",phase="creating"}');
  expect(await documents()).toBe(before + 1);
  await vi.waitFor(async () => expect(await creating()).toBe(1));

  await evictDurableObject(env.DIRECTORY.getByName("local") as never);
  expect(await documents()).toBe(before + 1);
  expect(await creating()).toBe(1);
  expect(await metric('bridgehead_agents{domain="local",bridge="simulated",role="active"}')).toBe(0);
});
