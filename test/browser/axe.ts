import axeCore, { type AxeResults, type RunOptions } from "axe-core";
import type { Page } from "playwright-core";

interface WithAxe {
  axe: { run(options: RunOptions): Promise<AxeResults> };
}

/** What axe finds serious or critical in a page, a line for each place. */
export async function axe(page: Page): Promise<readonly string[]> {
  // Not as a script of the page, which its Content-Security-Policy would forbid.
  await page.evaluate(axeCore.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as WithAxe).axe.run({ resultTypes: ["violations"] }),
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, help, nodes }) => nodes.map(({ target, html }) => `${id}: ${help}: ${target.join(" ")}: ${html}`));
}
