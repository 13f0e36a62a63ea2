import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Meeting, startWorld, type World } from "../whole/world.ts";
import { axe } from "./axe.ts";
import { BrowserOnTest, looks, looksAtAll, screenshot } from "./browser-on-test.ts";

const browser = new BrowserOnTest();
const everyLetter = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"];
let world: World;

beforeAll(async () => {
  world = await startWorld({ twoAgents: true, domain: { logs: { personal: true } } });
});

afterAll(() => world?.stop());

async function open(path: string, look: (typeof looks)[number] = { scheme: "light", width: "wide" }): Promise<Page> {
  const page = await browser.open(`${world.run.edgeUrl}/console/local${path}`, look);
  await page.locator("#token:focus").waitFor();
  await page.keyboard.type(world.run.operatorToken());
  await page.keyboard.press("Enter");
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
  await isReady(page);
  return page;
}

/** Keys act once the script is there. */
async function isReady(page: Page): Promise<void> {
  await page.waitForLoadState();
}

/** What the page asks the edge to do from now on. */
function askedBy(page: Page): string[] {
  const asked: string[] = [];
  page.on("request", (request) => {
    if (request.method() !== "GET") asked.push(`${new URL(request.url()).pathname} ${request.postData() ?? ""}`);
  });
  return asked;
}

async function running(...attendeeIds: readonly string[]): Promise<Meeting> {
  const meeting = new Meeting(world);
  await meeting.create();
  for (const attendeeId of attendeeIds) await meeting.callIn(attendeeId);
  return meeting;
}

const rowOf = (page: Page, number: string) => page.getByRole("row").filter({ hasText: number });

const more = ["", "/records?kind=call", "/servers", "/settings", "/audit"];
const pages = ["/conferences", "/bridges", ...(looksAtAll ? more : [])];
const ofConference = ["", ...(looksAtAll ? ["/timeline", "/why"] : [])];

test.each([...pages, ...ofConference.map((tab) => `KEY${tab}`)])(
  "no letter on the page %j does anything while no row is selected",
  async (path) => {
    const meeting = await running("444", "555");
    const at = path.replace("KEY", `/conferences/${meeting.confKey}`);
    const page = await open(at);
    const asked = askedBy(page);
    const { href } = new URL(page.url());
    for (const letter of everyLetter) {
      // `j` and `k` select a row; others may lead elsewhere, or open what asks.
      if (letter === "j" || letter === "k") continue;
      if (page.url() !== href) await page.goto(href);
      await isReady(page);
      await page.locator("main").focus();
      await page.keyboard.press(letter);
    }
    expect(asked).toEqual([]);
    await meeting.close();
  },
);

test("what is typed behind a letter that opens something goes into it, or nowhere", async () => {
  const meeting = await running("444", "555");
  const page = await open(`/conferences/${meeting.confKey}`);
  const asked = askedBy(page);
  await page.keyboard.type("c");
  await page.keyboard.type("mara mxlue");
  expect(await page.locator("#call-out-number:focus").inputValue()).toBe("mara mxlue");
  await page.keyboard.press("Escape");
  expect(await page.locator("#call-out-number").isVisible()).toBe(false);

  for (const letter of ["e", "a", "u", "l"]) {
    await page.locator("main").focus();
    await page.keyboard.type(`${letter}mara mxlue `);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toMatch(
      /\bcallers?\b|Nobody is (?:muted|there)/,
    );
    await page.keyboard.press("Escape");
    expect(await page.locator("details[open]").count()).toBe(0);
  }
  await page.getByText("Call somebody").click();
  await page.keyboard.type("mute");
  expect(await page.locator("#call-out-number:focus").inputValue()).toBe("mara mxluemute");
  expect(asked).toEqual([]);
  await meeting.close();
});

test("in a row that is selected, its letters act on its caller alone", async () => {
  const meeting = await running("444", "555", "666");
  const page = await open(`/conferences/${meeting.confKey}`);
  const asked = askedBy(page);
  // A click beside all links and buttons selects the row.
  await rowOf(page, "14085550555").getByText("open", { exact: true }).click();
  await page.keyboard.press("m");
  await rowOf(page, "14085550555").getByText("muted", { exact: true }).waitFor();
  const held = await world.bridge.held(meeting.confKey);
  expect(held.filter(({ muted }) => muted).map(({ number }) => number)).toEqual(["14085550555"]);

  for (const letter of everyLetter) {
    // The letters of the caller's own buttons, and those that select another row or open what asks.
    if ("mvxjkcealu".includes(letter)) continue;
    await page.keyboard.press(letter);
  }
  const [muted] = held.filter((call) => call.muted);
  expect(asked).toEqual([expect.stringContaining(`type=mute&call=${muted?.id}`)]);
  await page.getByRole("button", { name: "Undo: unmute" }).click();
  await rowOf(page, "14085550555").getByText("open", { exact: true }).waitFor();
  await meeting.close();
});

test.each(looks)("to mute all asks back with the number of callers, $scheme and $width", async (look) => {
  const meeting = await running("444", "555", "666");
  const page = await open(`/conferences/${meeting.confKey}`, look);
  await page.keyboard.press("j");
  await page.locator("#ask-mute-all > summary").click();
  await page.getByText("Mute 3 callers? Hosts are not muted.").waitFor();
  expect(await axe(page)).toEqual([]);
  await screenshot(page, "console-mute-all", look);
  expect((await world.bridge.held(meeting.confKey)).some(({ muted }) => muted)).toBe(false);
  // Enter alone does nothing: the question has the focus, not its button.
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await rowOf(page, "14085550666").getByText("muted", { exact: true }).waitFor();
  expect(await page.locator("details[open]").count()).toBe(0);
  // Nobody is known as the host, so all are muted.
  await page.locator("#ask-unmute-all > summary").click();
  await page.getByText("Unmute 3 callers?").waitFor();
  await meeting.close();
});
