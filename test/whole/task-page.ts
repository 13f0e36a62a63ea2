import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { Machine } from "./machine.ts";
import { eventually } from "./world.ts";

/** A command of a page in `docs`, and the output that the page shows for it. */
export interface Step {
  readonly command: string;
  readonly shown: string;
}

/** The machine of a test differs from the one of a page. */
export interface Differences {
  /** Folder of the packages. */
  readonly folder: string;
  /** Returns a command or its output with ports and names of the test. */
  here(text: string): string;
  /** Returns a file of settings with the values of the test, in place of `sudoedit`. */
  edit(settings: string): string;
}

/** Returns the commands of the blocks `sh NAME` of a page. A line without `$ ` is output of the command above it. */
export function stepsOf(page: string, name: string): readonly Step[] {
  const text = readFileSync(`docs/${page}.md`, "utf8");
  const blocks = [...text.matchAll(new RegExp(`^( *)\`\`\`sh ${name}\\n(.*?)^ *\`\`\`$`, "gms"))];
  const steps = blocks.flatMap(([, indent = "", lines = ""]) => {
    const [, ...commands] = `\n${lines}`.replaceAll(`\n${indent}`, "\n").split("\n$ ");
    return commands.map((command) => {
      const [first = "", ...shown] = command.trimEnd().split("\n");
      return { command: first, shown: shown.join("\n") };
    });
  });
  expect(steps, `docs/${page}.md, ${name}`).not.toEqual([]);
  return steps;
}

/** Compares what a command printed with what a page shows: `…` stands for any text, a line of it for any lines. */
export function expectPrinted(output: string, { command, shown }: Step): void {
  const lines = shown.split("\n").map((line) => {
    const text = line.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("…", ".*");
    return line === "…" ? "(.*\\n)*" : `${text}\\n`;
  });
  if (shown) expect(`${output.replaceAll("\r", "").trimEnd()}\n`, command).toMatch(new RegExp(`^${lines.join("")}$`));
}

/** Runs the commands of the blocks `sh NAME` of a page on a machine, and compares what they print. */
export async function follow(
  machine: Machine,
  page: string,
  name: string,
  { folder, here, edit }: Differences,
): Promise<void> {
  for (const { command, shown } of stepsOf(page, name)) {
    const [, file] = /^sudoedit (\S+)$/.exec(command) ?? [];
    if (file) {
      machine.write(file, edit(machine.read(file)));
      continue;
    }
    const run = async () => {
      const output = await machine.run(`cd ${folder} && ${here(command)}`);
      expectPrinted(output, { command, shown: here(shown) });
    };
    // A service that has just begun may not be connected yet.
    if (/doctor|status|curl/.test(command)) await eventually(command, () => run().then(() => true), 30_000);
    else await run();
  }
}
