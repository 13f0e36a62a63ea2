import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { allClauses, htmlReport, playReference, type Report } from "../../conformance/doors/kit.ts";
import { axe } from "./axe.ts";
import { BrowserOnTest, type Look, looks, screenshot } from "./browser-on-test.ts";
import { layoutFaults } from "./layout.ts";
import { STYLE_ALONE, servePage } from "./serve-page.ts";

const browser = new BrowserOnTest();
let report: Report;
let long: Report;

beforeAll(async () => {
  const clauses = allClauses.filter(({ id }) => /^(?:4\.1|4\.3|4\.5|T1|T2)[a-c]?$|^W2A_R/.test(id));
  report = {
    adapter: "http://adapter.example/tsp?domain=1",
    tested: { version: "4.2", kit: "bridgehead-conformance 1.2.3, digest 0123456789abcdef" },
    conditions: { telephones: "none", options: "--rename A=B" },
    startedAt: Date.UTC(2026, 2, 4),
    tookMs: 61_200,
    results: await playReference(clauses, ["no-status-0"]),
  };
  const unbroken = "Unbroken_".repeat(40);
  const words = "a sentence that does not want to end, ".repeat(20);
  const titles = { id: `W2A_${unbroken}`, title: `${words}${unbroken}`, reference: `${words}${unbroken}` };
  const lines = (title: string) => ({ title, body: `<${title}>${unbroken}</${title}>\n${words}` });
  long = {
    ...report,
    adapter: `http://adapter.example/${unbroken}`,
    conditions: { [`${words.slice(0, 60)}`]: `${words}${unbroken}`, telephones: unbroken },
    notes: [`${words}${unbroken}`],
    results: report.results.map((result, index) => ({
      ...result,
      ...titles,
      id: index % 2 === 0 ? `${titles.id}${index}` : result.id,
      why: `${words}${unbroken}`,
      trace: result.trace.map((entry) => ({ ...entry, ...lines(`${unbroken} ${entry.title}`) })),
    })),
  };
});

/** The page with everything that can be opened open. */
async function open(of: Report, look: Look): Promise<Page> {
  const page = await browser.open(await servePage(htmlReport(of), STYLE_ALONE), look);
  await page.evaluate(() => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
  return page;
}

test.each(looks)(
  "the kit's report, $scheme and $width, is fit for everybody, and whole in its window",
  async (look) => {
    const page = await open(report, look);

    expect(await axe(page)).toEqual([]);
    expect(await layoutFaults(page)).toEqual([]);
    await screenshot(page, "conformance", look);
  },
);

test.each(looks)("long texts do not break the report, $scheme and $width", async (look) => {
  const page = await open(long, look);

  expect(await layoutFaults(page)).toEqual([]);
});

test("the report has no script, and is read without one", async () => {
  const page = await open(report, { scheme: "light", width: "wide" });

  expect(await page.locator("script, [onclick], link, img, iframe").count()).toBe(0);
  const clause = page.locator("details.clause").filter({ hasText: "4.1b" }).first();
  const text = clause.locator("> div");
  expect(await text.isVisible()).toBe(true);
  await clause.locator("> summary").focus();
  await page.keyboard.press("Enter");
  expect(await text.isVisible()).toBe(false);
});
