import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";

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
  const answers = { domains: [{ name: "acme" }], conferences: [], next: null };
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

test("what is no address of a bridge program is told in a plain sentence", async () => {
  const { code, said } = await bridgehead(["bridge", "check", "foo"], {});

  expect(code).toBe(1);
  expect(said).toMatch(/^"foo" is no address of a bridge program; one is ws:[^\n]*\n$/);
});
