import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { alertsPage, commandsPage, recordsPage } from "../../scripts/reference-pages.ts";

test.each([
  ["alerts.md", alertsPage],
  ["commands.md", commandsPage],
  ["records.md", recordsPage],
] as const)("docs/reference/%s is up to date (`npm run docs` renews it)", async (name, made) => {
  const text = await made();

  expect(text.length).toBeGreaterThan(4_000);
  expect(readFileSync(`docs/reference/${name}`, "utf8")).toBe(text);
});
