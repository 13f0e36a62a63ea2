import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { AxeResults, RunOptions } from "axe-core";
import type { Page } from "playwright-core";

interface WithAxe {
  axe: { run(options: RunOptions): Promise<AxeResults> };
}

/** Less than half as long as the one for people: each page reads it anew. */
const source = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");

/** What axe finds serious or critical in a page, a line for each place. In the dark only what is dark is asked: colours. */
export async function axe(page: Page): Promise<readonly string[]> {
  // Not as a script of the page, which its Content-Security-Policy would forbid.
  await page.evaluate(source);
  const violations = await page.evaluate(async () => {
    const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
    const { violations } = await (globalThis as unknown as WithAxe).axe.run({
      resultTypes: ["violations"],
      ...(isDark && { runOnly: ["color-contrast"] }),
    });
    return violations;
  });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, help, nodes }) => nodes.map(({ target, html }) => `${id}: ${help}: ${target.join(" ")}: ${html}`));
}
