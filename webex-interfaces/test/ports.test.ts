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

test("reads UTF-8 without its byte order mark", () => {
  const folder = mkdtempSync(join(tmpdir(), "webex-ports-"));
  const file = join(folder, "secret");
  writeFileSync(file, "\ufeffä");
  expect(webexPorts.readFile(file)).toBe("ä");
  writeFileSync(file, "aö", "latin1");
  expect(() => webexPorts.readFile(file)).toThrow(
    expect.objectContaining({
      path: file,
      message: "it is not UTF-8: byte 0xF6 at line 1, column 2; save it as UTF-8",
    }),
  );
  rmSync(folder, { recursive: true });
});
