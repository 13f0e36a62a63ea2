import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { play } from "./stage.ts";

/** `REWRITE=1 npx vitest run test/transcripts` puts the true consequences into the files; read the difference. */
const rewrite = process.env.REWRITE === "1";
const folder = new URL(".", import.meta.url);

test.each(readdirSync(folder).filter((name) => name.endsWith(".txt")))("%s", (name) => {
  const file = new URL(name, folder);
  const transcript = readFileSync(file, "utf8");
  const played = play(transcript);
  if (rewrite) writeFileSync(file, played);
  else expect(transcript).toBe(played);
});
