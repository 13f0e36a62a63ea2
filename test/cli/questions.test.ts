import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { checkedNow } from "../../cli/operator/questions.ts";
import type { ProvisioningState, RunningCheck } from "../../src/rpc/webex-site.ts";

/** What the command says on standard error, and its exit code, where its answer goes to a file. */
async function bridgehead(args: readonly string[], env: Readonly<Record<string, string>>, output = "/dev/null") {
  const file = openSync(output, "w");
  const child = spawn(process.execPath, ["scripts/bridgehead.ts", ...args], {
    stdio: ["ignore", file, "pipe"],
    env: { ...process.env, ...env },
  });
  closeSync(file);
  let said = "";
  child.stderr?.on("data", (text) => {
    said += text;
  });
  const [code] = await once(child, "close");
  return { code, said };
}

test("an answer that cannot be printed is a failure", async () => {
  const answers = { domains: [{ name: "acme" }], conferences: [], unknown: 0, next: null };
  const edge = createServer((_, response) => response.end(JSON.stringify(answers))).listen(0, "127.0.0.1");
  await once(edge, "listening");
  const BRIDGEHEAD_URL = `http://127.0.0.1:${(edge.address() as AddressInfo).port}`;
  const env = { BRIDGEHEAD_URL, OPERATOR_TOKEN: "token" };

  expect(await bridgehead(["conferences"], env, "/dev/full")).toEqual({
    code: 1,
    said: "cannot print the answer (the disk is full)\n",
  });
  expect(await bridgehead(["conferences"], env)).toEqual({ code: 0, said: "" });
  edge.close();
});

test("a story, and the answers about it, are read page by page to their end", async () => {
  const asked: string[] = [];
  const edge = createServer(({ method, url = "" }, response) => {
    const { pathname, searchParams } = new URL(url, "http://edge");
    const what = pathname.split("/").at(-1) ?? "";
    let body = "";
    response.req.on("data", (part) => {
      body += part;
    });
    response.req.on("end", () => {
      const cursor = searchParams.get("cursor") ?? (body === "" ? null : JSON.parse(body).cursor) ?? null;
      if (what === "story" || what === "explain") asked.push(`${method} ${what} ${cursor}`);
      const next = cursor === null ? "1000" : null;
      const domains = [{ name: "acme", timeZone: "UTC" }];
      response.end(JSON.stringify({ domains, key: "5", lines: [], answers: [], bridges: [], next }));
    });
  }).listen(0, "127.0.0.1");
  await once(edge, "listening");
  const BRIDGEHEAD_URL = `http://127.0.0.1:${(edge.address() as AddressInfo).port}`;
  const env = { BRIDGEHEAD_URL, OPERATOR_TOKEN: "token" };

  expect(await bridgehead(["explain", "5", "--json"], env)).toEqual({ code: 0, said: "" });
  expect(await bridgehead(["explain", "5", "--why", "--json"], env)).toEqual({ code: 0, said: "" });
  edge.close();
  expect(asked).toEqual(["GET story", "POST explain"].flatMap((what) => [`${what} null`, `${what} 1000`]));
});

const running: RunningCheck = { begunAt: 0, users: 0, of: null, waits: null };
const says = "the WebEx site answered with an HTML page instead of XML; check the address";
const state = (more: Partial<ProvisioningState>): ProvisioningState => ({
  ...{ last: null, running: null, failure: null, nextAt: null },
  ...more,
});

test("a check is waited for until its end, or until the site keeps it from that", async () => {
  const waiting = state({ running: { ...running, waits: { says, until: 30_000 } } });
  const ended = state({});

  for (const last of [waiting, ended]) {
    const states = [state({ running }), state({ running }), last, state({ running })];
    const waited: number[] = [];
    const look = async () => states[waited.length] ?? ended;
    expect(await checkedNow(state({ running }), look, async (ms) => waited.push(ms))).toBe(last);
    expect(waited).toEqual([1_000, 1_000]);
  }
});

test("a check made now that waits or failed is exit code 1; asking about it is none", async () => {
  const states: Readonly<Record<string, ProvisioningState>> = {
    waits: state({ running: { ...running, waits: { says, until: 30_000 } } }),
    failed: state({ failure: { at: 0, says } }),
    ended: state({}),
  };
  const domains = Object.keys(states).map((name) => ({ name }));
  const edge = createServer(({ url = "" }, response) =>
    response.end(JSON.stringify(states[url.split("/")[4] ?? ""] ?? { domains })),
  ).listen(0, "127.0.0.1");
  await once(edge, "listening");
  const BRIDGEHEAD_URL = `http://127.0.0.1:${(edge.address() as AddressInfo).port}`;
  const codeOf = async (...args: string[]) =>
    (await bridgehead(["provisioning", ...args], { BRIDGEHEAD_URL, OPERATOR_TOKEN: "token" })).code;

  const codes = ["waits", "failed", "ended"].map((domain) => codeOf(domain, "--now"));
  expect(await Promise.all([...codes, codeOf("failed")])).toEqual([1, 1, 0, 0]);
  edge.close();
});

test("what is no address of a bridge program is told in a plain sentence", async () => {
  const { code, said } = await bridgehead(["bridge", "check", "foo"], {});

  expect(code).toBe(1);
  expect(said).toMatch(/^"foo" is no address of a bridge program; one is ws:[^\n]*\n$/);
});
