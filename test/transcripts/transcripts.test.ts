import { globSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { AgentStage } from "./agent-stage.ts";
import { ObjectStage } from "./object-stage.ts";
import { play, Stage } from "./stage.ts";

/** Puts the real results into the files. Read the difference. */
const rewrite = process.env.REWRITE === "1";
if (rewrite && process.env.CI)
  throw new Error("REWRITE=1 does not work in CI. Rewrite locally and read the difference.");

/** Players by folder: the rules, an object with its store, an agent with its journal. */
const players = { "*.txt": Stage, "objects/*.txt": ObjectStage, "agents/*.txt": AgentStage };
const files = Object.entries(players).flatMap(([names, player]) =>
  globSync(names, { cwd: import.meta.dirname }).map((name) => [name, player] as const),
);

test.each(files)("%s", async (name, Player) => {
  const file = new URL(name, import.meta.url);
  const transcript = readFileSync(file, "utf8");
  const printed = await play(transcript, new Player());
  if (rewrite) writeFileSync(file, printed);
  else expect(printed, "docs/transcripts.md says how to read and rewrite it").toBe(transcript);
});
