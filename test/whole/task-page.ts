import { readFileSync } from "node:fs";
import { expect } from "vitest";

/** A command of a page in `docs`, and the output that the page shows for it. */
export interface Step {
  readonly command: string;
  readonly shown: string;
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
    return line === "…" ? "(.*\n)*" : `${text}\n`;
  });
  if (shown) expect(`${output.replaceAll("\r", "").trimEnd()}\n`, command).toMatch(new RegExp(`^${lines.join("")}$`));
}
