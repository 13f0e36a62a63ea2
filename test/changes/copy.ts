import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Change } from "./changes.ts";

export const project = join(import.meta.dirname, "../..");
const product = ["src", "durable-objects", "bridge-agent"];
const folders = [...product, "simulators", "webex-interfaces"];
const files = ["tsconfig.base.json", "package.json", "docs/webhooks.md", "test/simulation/fact-fold.ts"];

/** A copy of what the changes are made in, for the caller to delete. */
export function newCopy(): string {
  const copy = mkdtempSync(join(tmpdir(), "bridgehead-changes-"));
  for (const path of [...folders, ...files]) cpSync(join(project, path), join(copy, path), { recursive: true });
  symlinkSync(join(project, "node_modules"), join(copy, "node_modules"));
  const settings = {
    extends: "./tsconfig.base.json",
    compilerOptions: {
      types: ["node", "@cloudflare/workers-types"],
      tsBuildInfoFile: "./types.json",
      incremental: true,
    },
    include: [...product, "simulators/bridge/execute-command.ts", "test"],
  };
  writeFileSync(join(copy, "tsconfig.json"), JSON.stringify(settings));
  return copy;
}

/** Makes these changes in the copy, and no others, each without the files that are left out of it. */
export function make(
  changes: readonly Change[],
  copy: string,
  isLeftOut: (change: Change, file: string) => boolean,
): void {
  const texts = new Map<string, string>();
  for (const change of changes) {
    for (const [file, edits] of Object.entries(change.files)) {
      const healthy =
        texts.get(file) ?? (existsSync(join(project, file)) ? readFileSync(join(project, file), "utf8") : "");
      texts.set(file, isLeftOut(change, file) ? healthy : edited(healthy, edits, file));
    }
  }
  for (const [file, text] of texts) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    writeFileSync(join(copy, file), text);
  }
}

function edited(text: string, edits: Change["files"][string], file: string): string {
  return edits.reduce((before, [from, to]) => {
    const isThere = from === "" ? before === "" : before.split(from).length === 2;
    if (!isThere) throw new Error(`this does not stand once in ${file}: ${from}`);
    return from === "" ? to : before.replace(from, () => to);
  }, text);
}

/** The compiler's complaints about the copy, a line each. On one thread it costs a third less. */
export function complaints(copy: string): Promise<string[]> {
  return linesOf(join(project, "node_modules/.bin/tsc"), ["-p", copy, "--pretty", "false", "--singleThreaded"]);
}

/** What no type misses in this folder, a line each. Modules of a copy that has changed are loaded anew. */
export function forgotten(folder: string): Promise<string[]> {
  return linesOf(process.execPath, [join(import.meta.dirname, "forgotten.ts"), folder]);
}

function linesOf(program: string, args: readonly string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: 1e8 }, (_, output, errors) => {
      if (errors !== "") reject(new Error(errors));
      resolve(output.split("\n").filter((line) => line.trim() !== ""));
    });
  });
}
