import { expect, test } from "vitest";
import { axe } from "./axe.ts";
import { BrowserOnTest, type Look } from "./browser-on-test.ts";
import { layoutFaults } from "./layout.ts";
import { longTasks } from "./long-tasks.ts";
import { servePage } from "./serve-page.ts";

// What the other tests of this folder go by is itself tested here, on pages with faults.
const browser = new BrowserOnTest();
const look: Look = { scheme: "light", width: "narrow" };
const withScripts = "script-src 'unsafe-inline'; connect-src *; style-src 'self'";

test("each thing that a page does wrong is noted", async () => {
  const script = `console.error("a line"); setTimeout(() => { throw new Error("nobody's") });
    fetch("http://elsewhere.example/a").catch(() => { document.title = "done" })`;
  const address = await servePage(`<title></title><style>p{color:red}</style><script>${script}</script>`, withScripts);

  const page = await browser.open(address, look);
  await page.waitForFunction(() => document.title === "done");

  expect(browser.forgive().toSorted()).toEqual([
    expect.stringMatching(/^on the console: Applying inline style violates .* Content Security Policy/),
    "on the console: Failed to load resource: net::ERR_NAME_NOT_RESOLVED",
    "on the console: a line",
    "request to another origin: http://elsewhere.example/a",
    "uncaught: nobody's",
  ]);
});

test("axe's findings name rule and place", async () => {
  const page = await browser.open(await servePage("<title>a</title><button id=b></button>", withScripts), look);

  expect(await axe(page)).toEqual([
    expect.stringMatching(/^button-name: .*: #b: <button/),
    expect.stringMatching(/^html-has-lang: /),
  ]);
});

test("in the dark axe looks at colours, as the rest is the same in the light", async () => {
  const html = "<title>a</title><button></button><p style='color:#777;background:#666'>faint</p>";
  const page = await browser.open(await servePage(html, "style-src 'unsafe-inline'"), { ...look, scheme: "dark" });

  expect(await axe(page)).toEqual([expect.stringMatching(/^color-contrast: .*faint/)]);
});

test("what leaves its box, lies on other text, or makes the page too wide is found", async () => {
  const html = `<meta name=viewport content="width=device-width">
    <div style="width:60px">${"w".repeat(100)}</div>
    <p style="margin:0">under it</p><p style="margin:0;position:relative;top:-14px">over it</p>`;
  const page = await browser.open(await servePage(html, "style-src 'unsafe-inline'"), look);

  expect(await layoutFaults(page)).toEqual([
    expect.stringMatching(/^the page is \d+ px wide in a window of 360$/),
    expect.stringMatching(/^leaves its box: "w+" in div$/),
    'lie on each other: "under it" and "over it"',
  ]);
});

test("a task in which a page can do nothing else is measured, the one in which it opens, too", async () => {
  const script = "const end = performance.now() + 120; while (performance.now() < end);";
  const address = await servePage(`<script>${script}</script>`, withScripts);
  const page = await browser.prepare(address, look);

  const tasks = await longTasks(page, () => page.goto(address));

  const longest = tasks.toSorted((one, other) => other.tookMs - one.tookMs)[0];
  expect(longest?.tookMs).toBeGreaterThanOrEqual(119);
  expect(longest?.computedMs).toBeGreaterThan(0);
});
