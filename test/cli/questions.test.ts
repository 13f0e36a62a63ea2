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
  const answers = { domains: [{ name: "acme" }], conferences: [], unreachable: 0, next: null };
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

test("what is no address of a bridge program is told in a plain sentence", async () => {
  const { code, said } = await bridgehead(["bridge", "check", "foo"], {});

  expect(code).toBe(1);
  expect(said).toMatch(/^"foo" is no address of a bridge program; one is ws:[^\n]*\n$/);
});
