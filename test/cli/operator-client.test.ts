import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { findActing, findEdge } from "../../cli/operator/find-edge.ts";
import { OperatorClient } from "../../cli/operator/operator-client.ts";
import type { EdgeVariables } from "../../src/foundation/edge-url.ts";

let folder: string;
let server: Server;
/** What the edge answers, by path; and what it was asked. */
let answers: Record<string, unknown>;
/** The title of the answer where that has none. */
let missing: string;
let asked: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-client-"));
  answers = { domains: { domains: [{ name: "acme" }, { name: "other" }] } };
  asked = [];
  missing = "no such conference";
  server = createServer(({ url = "" }, response) => {
    const path = url.replace("/api/v1/", "");
    asked.push(path);
    const answer = answers[path];
    response.writeHead(answer === undefined ? 404 : 200);
    response.end(
      typeof answer === "string" ? answer : JSON.stringify(answer ?? { title: missing, detail: "Nothing is here." }),
    );
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

function client(): OperatorClient {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return new OperatorClient({ url, urlFrom: "here", token: "token", tokenFrom: "here" });
}

function written(name: string, content: unknown): string {
  const file = join(folder, name);
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

const nowhere = { folder: "/nowhere", settings: "/nowhere/edge.json", uid: process.getuid?.() };

test("asks the edge of the local run, else that of the settings file", () => {
  const [local, tokenFrom] = [
    written("agent.json", { edge: "ws://127.0.0.1:18787" }),
    written("operator-token", "a\n"),
  ];
  const url = "http://127.0.0.1:18787";
  expect(findEdge({ BRIDGEHEAD_STATE: folder }, nowhere)).toEqual({ url, urlFrom: local, token: "a", tokenFrom });

  const edge = { host: "::", port: 9000, state: "state", operatorTokenFile: "operator-token", domains: {} };
  const settings = written("edge.json", edge);
  const found = { url: "http://[::1]:9000", urlFrom: settings, token: "a", tokenFrom };
  expect(findEdge({ BRIDGEHEAD_STATE: "/nowhere" }, { ...nowhere, settings })).toEqual(found);
});

test("of two edges of a local run the one that acts is asked, and the first one where neither does", async () => {
  const standing = "http://127.0.0.1:1";
  const acting = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  answers["/active"] = {};
  written("operator-token", "made-at-random\n");
  for (const [edges, asked] of [
    [[standing, acting], acting],
    [[acting, standing], acting],
    [[standing, `${acting}/no`], standing],
  ] as const) {
    written("agent.json", { edge: edges.map((url) => url.replace("http", "ws")) });
    expect((await findActing(findEdge({ BRIDGEHEAD_STATE: folder }, nowhere))).url).toBe(asked);
  }
});

const [edge, BRIDGEHEAD_URL, ADAPTER_URL] = ["https://a.example", "https://b.example/", "https://c.example/tsp/local"];
test.each<[EdgeVariables, string, string]>([
  [{ edge, BRIDGEHEAD_URL, ADAPTER_URL, PORT: "9000" }, "https://a.example", "--edge"],
  [{ BRIDGEHEAD_URL, ADAPTER_URL, PORT: "9000" }, "https://b.example", "BRIDGEHEAD_URL"],
  [{ ADAPTER_URL, PORT: "9000" }, "https://c.example", "ADAPTER_URL"],
  [{ PORT: "9000" }, "http://127.0.0.1:9000", "PORT"],
  [{}, "http://127.0.0.1:8787", expect.stringMatching(/^the default/)],
])("finds the edge by %j", (variables, url, urlFrom) => {
  const given = { BRIDGEHEAD_STATE: "/nowhere", OPERATOR_TOKEN: "mine", ...variables };
  expect(findEdge(given, nowhere)).toEqual({ url, urlFrom, token: "mine", tokenFrom: "OPERATOR_TOKEN" });
});

test("a token that was given goes to no address that was only found, unless that is this machine", () => {
  written("agent.json", { edge: "ws://attacker.example:1" });
  const variables = { BRIDGEHEAD_STATE: folder, OPERATOR_TOKEN: "mine" };
  const says =
    /^OPERATOR_TOKEN is not sent to http:\/\/attacker\.example:1, which only .*agent\.json names; set BRIDGEHEAD_URL/;

  expect(() => findEdge(variables, nowhere)).toThrow(says);
  written("agent.json", { edge: ["ws://127.0.0.1:1", "ws://attacker.example:1"] });
  expect(() => findEdge(variables, nowhere)).toThrow(says);
  written("agent.json", { edge: "ws://127.0.0.1:18787" });
  expect(findEdge(variables, nowhere)).toMatchObject({ url: "http://127.0.0.1:18787", token: "mine" });
});

test.each(["ADAPTER_URL", "BRIDGEHEAD_URL"])("a local run's token goes to no far edge of %s", (variable) => {
  written("agent.json", { edge: "ws://127.0.0.1:18787" });
  written("operator-token", "made-at-random");
  const variables = { BRIDGEHEAD_STATE: folder, [variable]: "https://far.example/tsp/local" };

  expect(() => findEdge(variables, nowhere)).toThrow(/operator-token is not sent to https:\/\/far\.example/);
});

test("a local run in the current folder counts only where the folder is one's own, or is named", () => {
  const local = written("agent.json", { edge: "ws://127.0.0.1:18787" });
  written("operator-token", "theirs");
  const settings = written("edge.json", { state: "state", operatorTokenFile: "token", domains: {} });
  written("token", "ours");
  const own = { ...nowhere, folder };
  const foreign = { ...own, uid: (process.getuid?.() ?? 0) + 1 };

  expect(findEdge({}, own)).toMatchObject({ urlFrom: local, token: "theirs" });
  expect(findEdge({}, { ...foreign, settings })).toMatchObject({ urlFrom: settings, token: "ours" });
  expect(() => findEdge({}, foreign)).toThrow(/^the local run in \S+ belongs to another user; set BRIDGEHEAD_STATE=/);
  expect(findEdge({ BRIDGEHEAD_STATE: folder }, foreign)).toMatchObject({ urlFrom: local, token: "theirs" });
});

test.each<[string, Readonly<Record<string, string>>, RegExp]>([
  [
    "no token",
    {},
    /^there is no operator's token: OPERATOR_TOKEN is not set, and there is neither a local run in \S+ nor \S+, which names its file$/,
  ],
  ["a token of two words", { OPERATOR_TOKEN: "a b" }, /^the operator's token of OPERATOR_TOKEN holds what no request/],
  [
    "an address without scheme",
    { BRIDGEHEAD_URL: "tsp.example.com" },
    /^BRIDGEHEAD_URL is "tsp\.example\.com"; it must/,
  ],
  ["a PORT that is no number", { PORT: "abc" }, /^PORT is "abc"; it must be a port/],
])("%s is said in one line", (_, variables, says) => {
  expect(() => findEdge({ BRIDGEHEAD_STATE: folder, ...variables }, nowhere)).toThrow(says);
});

test.each(["{", { edge: [] }])("a local run with the file %j is refused", (content) => {
  written("agent.json", content);
  expect(() => findEdge({ BRIDGEHEAD_STATE: folder }, nowhere)).toThrow(/agent\.json says no edge$/);
});

test("one of several domains must be named, and a wrong name is answered with the right ones", async () => {
  await expect(client().domain(undefined)).rejects.toThrow("Name the domain by --domain; the domains are acme, other.");
  await expect(client().domain("acm")).rejects.toThrow("There is no domain acm; the domains are acme, other.");
  expect(await client().domain("acme")).toBe("acme");
});

test("an unknown key is answered with those that are known", async () => {
  answers["domains/acme/running-conferences"] = {
    conferences: ["1", "2", "3", "4", "5", "6", "7"].map((key) => ({ key })),
    next: null,
  };
  await expect(client().conference("acme", "a/b")).rejects.toThrow(
    "acme has no data of a conference a/b; the running conferences are 1, 2, 3, 4, 5, and 2 more.",
  );
  expect(asked[0]).toBe("domains/acme/conferences/a%2Fb");
  await expect(client().conference("acme", "..")).rejects.toThrow("acme has no data of a conference ..");
  expect(asked).toContain("domains/acme/conferences/%252E%252E");
});

test("an empty key is asked for nowhere", async () => {
  await expect(client().conference("acme", "")).rejects.toThrow("it must not be empty");
  expect(asked).toEqual([]);
});

test("an edge that takes the question and does not answer is told from none", async () => {
  vi.spyOn(AbortSignal, "timeout").mockReturnValue(AbortSignal.abort(new DOMException("late", "TimeoutError")));
  await expect(client().domains(undefined)).rejects.toThrow("has not answered for 30 s: look at its process");
});

test("an edge without the path may be another version", async () => {
  answers = {};
  missing = "not found";

  await expect(client().domains(undefined)).rejects.toThrow(
    /^refused \(404\): Nothing is here. Is the edge at http:\S+ another version\?$/,
  );
});

test("what is no edge is said to be none", async () => {
  answers.domains = "<html>";

  await expect(client().domains(undefined)).rejects.toThrow(/ answers 200, and not as an edge does$/);
});
