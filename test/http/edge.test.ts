import { beforeEach, expect, test } from "vitest";
import { Measures } from "../../durable-objects/platform/measures.ts";
import { Edge } from "../../src/edge.ts";
import type { LogFacts } from "../../src/foundation/text/log-line.ts";
import { asResponse } from "../../src/http/text-answer.ts";
import type { EdgeObjects } from "../../src/rpc/objects.ts";
import { fakeObjects, type SomeObjects } from "../fake-objects.ts";
import { Clock } from "../kit/clock.ts";
import { domains, operatorToken } from "../workers/test-domains.ts";

const { local } = domains;
const origin = "http://edge.example.com";

let clock: Clock;
let lines: (LogFacts & { readonly event?: string })[];
/** What directories were told. */
let asked: string[];
let directories: (() => Promise<void>) | undefined;

beforeEach(() => {
  clock = new Clock(1_800_000_000_000);
  lines = [];
  asked = [];
  directories = undefined;
});

function edgeOf(served: object, token = operatorToken): Edge {
  const noted = async (name: string) => {
    asked.push(name);
    await directories?.();
  };
  const objects = fakeObjects({
    directory: (domain: string) => ({
      sourceRefused: (_: string, host: string) => noted(`${host} of ${domain} was refused`),
      serverRefused: (_: string, host: string) => noted(`${host} of ${domain} was refused`),
    }),
    sessions: () => ({
      keepRefused: async () => {},
      keep: async () => {},
      refused: async () => {},
      begin: async (session: object) => ({ ...session, begunAt: clock.now, usedAt: clock.now }),
    }),
  } as object as SomeObjects);
  let ids = 0;
  return new Edge({
    variables: { DOMAINS: JSON.stringify(served), OPERATOR_TOKEN: token, OPERATORS: "" },
    objects: objects as unknown as EdgeObjects,
    counting: {
      measures: new Measures(),
      countRefused: async () => {},
    },
    log: (line) => void lines.push(line),
    disk: null,
    after: (ms, run) => clock.after(ms, run),
    now: () => clock.now,
    passedMs: () => clock.now,
    newId: () => `id${ids++}`,
    fetch: () => Promise.reject(new Error("nobody answers")),
    waitUntil: (work) => void work,
  });
}

/** What somebody with this token is answered. */
async function statusFor(edge: Edge, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  return (await edge.fetch(new Request(`${origin}/api/v1/me`, { headers }))).status;
}

test("however many guess, the log has who signs in", async () => {
  const edge = edgeOf({ local });
  const signIn = (text: string, from: string) => {
    const headers = { "sec-fetch-site": "same-origin", "cf-connecting-ip": from };
    return edge.fetch(
      new Request(`${origin}/console/sign-in`, { method: "POST", headers, body: new URLSearchParams({ token: text }) }),
    );
  };
  for (let guess = 0; guess < 30; guess += 1) await signIn("a guess", `192.0.2.${guess}`);
  expect((await signIn(operatorToken, "198.51.100.7")).status).toBe(303);
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toMatchObject({ event: "sign-in", outcome: "signed-in", person: "operator" });
});

test("a directory hears of six refused servers a minute, and of a loud one once in ten minutes; one that fails is in the log", async () => {
  const edge = edgeOf({ local, quay: local });
  const ask = async (host: string, count = 1, domain = "local") => {
    const create = `<W2A_CreateConference MsgID="1" WbxHostName="${host}:80" ExtConfID="7000001" ConfKey="555111222"/>`;
    const body = `<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>52491000001</TransID>${create}</WbxTSPSchema>`;
    for (let at = 0; at < count; at += 1)
      expect((await edge.fetch(new Request(`${origin}/tsp/${domain}`, { method: "POST", body }))).status).toBe(200);
  };
  await ask("loud.example.net", 20);
  await ask("quiet.example.net");
  const told = (host: string) => `${host}.example.net of local was refused`;
  expect(asked).toEqual([told("loud"), told("quiet")]);
  await ask("loud.example.net", 1, "quay");
  expect(asked.splice(2)).toEqual(["loud.example.net of quay was refused"]);
  clock.now += 9 * 60_000;
  await ask("loud.example.net");
  expect(asked).toHaveLength(2);
  clock.now += 60_000;
  await ask("loud.example.net");
  expect(asked.at(-1)).toBe(told("loud"));

  asked.length = 0;
  for (let index = 0; index < 9; index += 1) await ask(`n${index}.example.net`);
  expect(asked).toHaveLength(5);
  clock.now += 60_000;
  directories = () => Promise.reject(new Error("no disk"));
  await ask("n9.example.net");
  await clock.pass(0);
  expect(lines.at(-1)).toMatchObject({ event: "view-failed", host: "n9.example.net" });
  directories = undefined;
  asked.length = 0;
  clock.now += 60_000;
  await ask("n9.example.net");
  expect(asked).toEqual([told("n9")]);
});

test("who has a right secret and comes from elsewhere is noted behind the answer: until then nothing differs from a wrong one", async () => {
  const secret = "0123456789abcdef012345";
  const webex = { ...local.webex, from: ["192.0.2.0/24"] };
  const edge = edgeOf({ local: { ...local, adapterSecrets: [secret], webex } });
  const headers = { "cf-connecting-ip": "203.0.113.9" };
  const post = (path: string) => edge.fetch(new Request(`${origin}/tsp/local/${path}`, { method: "POST", headers }));
  const noted = () => [asked, lines.map(({ event }) => event)];
  for (const path of ["wrong", secret]) expect(await post(path)).toMatchObject({ status: 404 });
  await clock.pass(999);
  expect(noted()).toEqual([[], []]);

  await clock.pass(1);
  expect(noted()).toEqual([["203.0.113.9 of local was refused"], ["source-refused"]]);
  expect(lines).toMatchObject([
    { level: "warn", domain: "local", from: "203.0.113.9", note: expect.stringContaining("webex.from") },
  ]);
  const authorization = `Bearer ${operatorToken}`;
  const metrics = asResponse(await edge.fetch(new Request(`${origin}/metrics`, { headers: { authorization } })));
  expect(await metrics.text()).toContain('bridgehead_sources_refused_total{domain="local"} 1\n');
});

test("an operator's token that can be guessed is a line of the log, which does not repeat it", async () => {
  await statusFor(edgeOf(domains), operatorToken);
  expect(lines).toEqual([]);

  await statusFor(edgeOf(domains, "tulip-7-field"), "tulip-7-field");
  expect(lines).toMatchObject([
    { level: "warn", event: "operator-token-weak", error: expect.stringContaining("shorter than 16 characters") },
  ]);
  expect(JSON.stringify(lines)).not.toContain("tulip-7-field");
});

test("an operator's token that can be guessed is an alert, of which strangers hear nothing", async () => {
  const kinds = async (token: string, by?: string) => {
    const headers: Record<string, string> = by === undefined ? {} : { authorization: `Bearer ${by}` };
    const answer = asResponse(await edgeOf({}, token).fetch(new Request(`${origin}/readyz`, { headers })));
    const { alerts = [] } = (await answer.json()) as { alerts?: { kind: string }[] };
    return alerts.filter(({ kind }) => kind === "operator-token-weak").length;
  };
  const [weak, strong] = ["tulip-7-field", "JgJqVKPTX-EDyZ7uzRlfbx"];
  expect([await kinds(weak, weak), await kinds(weak), await kinds(strong, strong)]).toEqual([1, 0, 0]);
});
