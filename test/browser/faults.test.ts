import { expect, test } from "vitest";
import { axe } from "./axe.ts";
import { BrowserOnTest } from "./browser-on-test.ts";
import { layoutFaults } from "./layout.ts";
import { servePage } from "./serve-page.ts";

const browser = new BrowserOnTest();

test("finds each fault of a page", async () => {
  const html = `<title>a</title><meta name=viewport content="width=device-width"><button></button>
    <div style="width:60px">${"w".repeat(100)}</div>
    <p style="margin:0">under it</p><p style="margin:0;position:relative;top:-14px">over it</p>
    <p style="color:#777;background:#666">faint</p>
    <script>console.error("a line"); setTimeout(() => { throw new Error("nobody's") });
      fetch("http://elsewhere.example/a").catch(() => { document.title = "done" })</script>`;
  const policy = "script-src 'unsafe-inline'; connect-src *; style-src 'unsafe-inline'";
  const page = await browser.open(await servePage(html, policy), { scheme: "dark", width: "narrow" });
  await page.waitForFunction(() => document.title === "done");

  expect(browser.forgive().toSorted()).toEqual([
    "on the console: Failed to load resource: net::ERR_NAME_NOT_RESOLVED",
    "on the console: a line",
    "request to another origin: http://elsewhere.example/a",
    "uncaught: nobody's",
  ]);
  expect(await axe(page)).toEqual([expect.stringMatching(/^color-contrast: .*faint/)]);
  expect(await layoutFaults(page)).toEqual([
    expect.stringMatching(/^the page is \d+ px wide in a window of 360$/),
    expect.stringMatching(/^leaves its box: "w+" in div$/),
    'lie on each other: "under it" and "over it"',
  ]);
});
