import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { askSecret, webexPorts } from "../command/ports.ts";

/** The answer to a question at a terminal, and what the terminal shows. */
async function asked(type: (terminal: PassThrough) => void, isTTY = true) {
  const terminal = Object.assign(new PassThrough(), { isTTY });
  let shown = "";
  const answer = askSecret("Password: ", terminal, { write: (text) => (shown += text) });
  type(terminal);
  return { answer: await answer, shown };
}

test.each<[string, string, (terminal: PassThrough) => void]>([
  ["the typed text", "sea wall", (terminal) => terminal.write("sea wall\r")],
  ["Ctrl-D", "", (terminal) => terminal.write("\u0004")],
  ["the terminal's end", "", (terminal) => terminal.end()],
])("asks for a secret without showing it: %s", async (_, answer, type) => {
  expect(await asked(type)).toEqual({ answer, shown: "Password: \n" });
});

test("asks for nothing without a terminal", async () => {
  expect(await asked(() => {}, false)).toEqual({ answer: null, shown: "" });
});

test("names a folder given as a file", () => {
  const folder = mkdtempSync(join(tmpdir(), "webex-ports-"));

  expect(() => webexPorts.readFile(folder)).toThrow(expect.objectContaining({ code: "EISDIR", path: folder }));
  rmSync(folder, { recursive: true });
});

test.each([
  ["a byte order mark", [0xef, 0xbb, 0xbf, 0x61], "a"],
  ["a byte that is no UTF-8", [0x61, 0xf6], "a\ufffd"],
])("a file with %s", (_, bytes, text) => {
  const folder = mkdtempSync(join(tmpdir(), "webex-ports-"));
  const file = join(folder, "secret");
  writeFileSync(file, Uint8Array.from(bytes));

  expect(webexPorts.readFile(file)).toBe(text);
  rmSync(folder, { recursive: true });
});
