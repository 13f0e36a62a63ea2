import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { sha256 } from "../../src/foundation/secrets.ts";
import { eventually, Meeting, startWorld, type World } from "../whole/world.ts";
import { axe } from "./axe.ts";
import { BrowserOnTest, type Look, looks, screenshot } from "./browser-on-test.ts";
import { tabFaults } from "./by-tab.ts";
import { layoutFaults } from "./layout.ts";

const browser = new BrowserOnTest();
const wide: Look = { scheme: "light", width: "wide" };
const token = "token-of-otto";
let world: World;

beforeAll(async () => {
  const people = [{ name: "otto", role: "operator", domains: ["local"], tokenSha256: await sha256(token) }];
  vi.stubEnv("OPERATORS", JSON.stringify({ people }));
  world = await startWorld({ domain: { logs: { personal: true } } });
});

afterAll(() => world?.stop());

const address = (meeting: Meeting, more = "") =>
  `${world.run.edgeUrl}/console/local/conferences/${meeting.confKey}${more}`;

/** Opens a page as an operator, who signs in on the way. */
async function open(url: string, look: Look = wide): Promise<Page> {
  const page = await browser.open(url, look);
  await page.locator("#token:focus").waitFor();
  await page.keyboard.type(token);
  await page.keyboard.press("Enter");
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
  return page;
}

async function isLive(page: Page): Promise<void> {
  await page.locator("#link[data-is=live]").waitFor();
}

async function running(...attendeeIds: readonly string[]): Promise<Meeting> {
  const meeting = new Meeting(world);
  await meeting.create();
  for (const attendeeId of attendeeIds) await meeting.callIn(attendeeId);
  return meeting;
}

/** How often the bridge did this in the conference. */
async function actsOf(meeting: Meeting, act: string): Promise<number> {
  const acts = await world.bridge.acts();
  return acts.filter((one) => one.conference === meeting.confKey && one.act === act).length;
}

const rowOf = (page: Page, number: string) => page.getByRole("row").filter({ hasText: number });

test.each(looks)("the pages of a conference are fit for everybody, and whole, $scheme and $width", async (look) => {
  const meeting = await running("444", "555", "666");
  const page = await open(address(meeting), look);
  await isLive(page);
  const expectFit = async (name: string) => {
    expect(await axe(page), name).toEqual([]);
    expect(await layoutFaults(page), name).toEqual([]);
    await screenshot(page, `console-${name}`, look);
  };
  const expectTabs = async (name: string) => {
    if (look.scheme === "light") expect(await tabFaults(page), name).toEqual([]);
  };
  await rowOf(page, "14085550444").getByRole("button", { name: "Mute" }).click();
  await page.getByText("WebEx notified").waitFor();
  await rowOf(page, "14085550444").getByText("muted", { exact: true }).waitFor();
  await expectFit("conference");
  await page.getByText("End …").click();
  await page.getByText("Call somebody").click();
  await expectFit("conference-open");
  await expectTabs("now");
  for (const tab of ["timeline", "timeline?why=1"]) {
    await page.goto(address(meeting, `/${tab}`));
    await expectFit(`conference-${tab.replace(/.*=1/, "why")}`);
    await expectTabs(tab);
  }
  await page.goto(address(meeting, "/timeline"));
  await page.getByText("W2A_CreateConference", { exact: true }).click();
  await page.getByText("<WbxTSPSchema").first().waitFor();
  await expectFit("conference-wire");
  await meeting.close();
  await page.goto(address(meeting));
  await expectFit("conference-over");
  await expectTabs("over");
});

test("a call is seen within three seconds of its joining, and is muted by keys: on the bridge, and at WebEx", async () => {
  const meeting = await running("444");
  const page = await open(address(meeting));
  await isLive(page);
  await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));

  const from = "14085550777";
  await world.bridge.callIn(from, `${meeting.confKey}#777#`);
  await eventually("the caller enters", async () =>
    (await world.bridge.held(meeting.confKey)).some(({ number }) => number === from),
  );
  const enteredAt = Date.now();
  await rowOf(page, from).waitFor();
  expect(Date.now() - enteredAt).toBeLessThan(3_000);

  await rowOf(page, from).getByRole("button", { name: "Mute" }).focus();
  await page.keyboard.press("Enter");
  await rowOf(page, from).getByText("muted", { exact: true }).waitFor();
  expect((await world.bridge.held(meeting.confKey)).map(({ number, muted }) => [number, muted])).toEqual([
    ["14085550444", false],
    [from, true],
  ]);
  await meeting.notified("caller-changed", { status: "muted" });
  // The action shows its way until WebEx has confirmed, and the focus is where it was.
  await page
    .getByRole("listitem")
    .filter({ hasText: /^WebEx notified\s*after/ })
    .waitFor();
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Unmute");
  await page.keyboard.press("Enter");
  await rowOf(page, from).getByText("unmuted", { exact: true }).waitFor();
  expect(await page.evaluate(() => Reflect.get(globalThis, "isSamePage"))).toBe(true);
  await meeting.close();
});

test("a double click and a reload act once, also when the button says the opposite by then", async () => {
  const meeting = await running("444");
  const page = await open(address(meeting));
  await isLive(page);
  const row = rowOf(page, "14085550444");
  await row.getByRole("button", { name: "Mute" }).dblclick();
  await row.getByText("muted", { exact: true }).waitFor();
  // The second click of a slow double click.
  await row.getByRole("button", { name: "Unmute" }).dispatchEvent("click", { detail: 2 });
  await page.reload();
  await page
    .getByRole("listitem")
    .filter({ hasText: /^WebEx notified\s*after/ })
    .waitFor();

  await isLive(page);
  await page.locator("#ask-lock > summary").click();
  await page.getByRole("button", { name: "Lock it" }).dblclick();
  await page.getByText("locked", { exact: true }).waitFor();
  await row.getByText("Expel …").click();
  await row.getByText("Hang up 14085550444?").waitFor();
  await row.getByRole("button", { name: "Expel" }).click();
  await page.getByText("Nobody is in the conference.").waitFor();
  const acts = ["mute", "unmute", "lock", "unlock"].map((act) => actsOf(meeting, act));
  expect(await Promise.all(acts)).toEqual([1, 0, 1, 0]);
  await meeting.close();
});

test.each(["pointer", "focus"])("keeps a row in its place under the %s", async (what) => {
  const meeting = await running("444");
  const [above, own] = [await meeting.callIn("111"), await meeting.callIn("222")];
  const page = await open(address(meeting));
  await isLive(page);
  const row = rowOf(page, "14085550222");
  const expel = row.getByText("Expel …");
  const topOf = async () => Math.round((await expel.boundingBox())?.y ?? 0);
  if (what === "pointer") await expel.hover();
  else await expel.focus();
  const top = await topOf();

  await world.bridge.hangUp(above.call);
  await rowOf(page, "14085550111").waitFor({ state: "detached" });
  expect(await topOf()).toBe(top);
  await world.bridge.hangUp(own.call);
  await page.locator("tr.gone").filter({ hasText: "14085550222" }).waitFor();
  expect(await topOf()).toBe(top);
  await rowOf(page, "14085550444").getByRole("button", { name: "Mute" }).click();
  await row.waitFor({ state: "detached" });
  await meeting.close();
});

test("shows why a caller is muted, opens the line and copies it", async () => {
  const meeting = await running("444");
  const page = await open(address(meeting));
  await isLive(page);
  await rowOf(page, "14085550444").getByRole("button", { name: "Mute" }).click();
  await page
    .getByRole("listitem")
    .filter({ hasText: /^WebEx notified\s*after/ })
    .waitFor();

  await page.getByRole("link", { name: "Timeline" }).click();
  await page.getByLabel("only lines with a reason").check();
  await page.getByRole("button", { name: "Show" }).click();
  await page.getByText("The operator otto asked for it").first().click();
  await page.getByText('"result":{"done":true}').first().waitFor();
  await page.getByRole("button", { name: "Copy these lines" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  expect(await page.evaluate(() => getSelection()?.toString())).toContain("The operator otto asked for it");
  await meeting.close();
});

test("somebody is called into the conference, and the end asks first", async () => {
  const meeting = await running("444");
  const page = await open(address(meeting));
  await isLive(page);
  await page.getByText("Call somebody").click();
  await page.keyboard.type("0101");
  await page.keyboard.press("Escape");
  await page.getByText("Call somebody").click();
  await meeting.callIn("666");
  await rowOf(page, "14085550666").waitFor();
  expect(await page.locator("#call-out-number:focus").inputValue()).toBe("0101");
  await page.getByLabel("Attendee ID").fill("999");
  await page.keyboard.press("Enter");
  await page.getByRole("status", { name: "Answer" }).getByText('such as +14085551234 (it is "0101")').waitFor();
  expect(browser.forgive()).toEqual([expect.stringMatching(/a status of 400/)]);
  expect(await axe(page)).toEqual([]);
  expect(await layoutFaults(page)).toEqual([]);
  expect(await page.getByLabel("Attendee ID").inputValue()).toBe("999");
  await screenshot(page, "console-conference-wrong-call", wide);
  await page.locator("#call-out-number").focus();
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type("+1 408 555 0999");
  await page.keyboard.press("Enter");
  await rowOf(page, "14085550999").waitFor();
  await isLive(page);
  await meeting.callIn("555");
  await rowOf(page, "14085550555").waitFor();

  await page.locator("#ask-end > summary").click();
  await page.getByText("The calls of its 4 callers end.").waitFor();
  // The question has the focus, not its button.
  await page.keyboard.press("Enter");
  expect(await actsOf(meeting, "end-conference")).toBe(0);
  await page.getByRole("button", { name: "End it for everybody" }).click();
  await page.getByText("ended", { exact: true }).waitFor();
  expect(await actsOf(meeting, "end-conference")).toBe(1);
  // Its records come a little later, and are seen without a reload.
  await rowOf(page, "14085550999").filter({ hasText: "operator" }).waitFor();
});

test("without its script the pages do the same", async () => {
  const meeting = await running("444");
  const page = await open(address(meeting));
  await page.route("**/live.js", (route) => route.abort());
  await page.goto(address(meeting));
  await rowOf(page, "14085550444").getByRole("button", { name: "Mute" }).click();
  await page.waitForURL(/\?action=/);
  await eventually("the mute is done", async () => {
    await page.reload();
    return (await rowOf(page, "14085550444").getByText("muted", { exact: true }).count()) === 1;
  });
  expect(await page.getByRole("button", { name: "Copy" }).count()).toBe(0);
  await page.getByText("Call somebody").click();
  await page.getByLabel("Number", { exact: true }).fill("0101");
  await page.getByRole("button", { name: "Call", exact: true }).click();
  await page.getByText('(it is "0101")').waitFor();
  browser.forgive();
  await meeting.close();
});

test("a page that stands open says that nobody knows who is in, while the agent is silent", async () => {
  const meeting = await running("444");
  const page = await open(address(meeting));
  await isLive(page);
  const notice = page.getByText("no agent reports its state");
  const agent = world.run.pids().agent ?? 0;
  process.kill(agent, "SIGSTOP");
  try {
    await notice.waitFor({ timeout: 25_000 });
    await screenshot(page, "console-conference-away", wide);
  } finally {
    process.kill(agent, "SIGCONT");
  }
  await notice.waitFor({ state: "detached", timeout: 25_000 });
});
