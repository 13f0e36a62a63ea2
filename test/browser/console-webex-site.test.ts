import { randomBytes } from "node:crypto";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type SimulatedSite, startSimulatedSite } from "../../simulators/webex-site/server.ts";
import type { ProvisioningState } from "../../src/rpc/webex-site.ts";
import { eventually, Meeting, startWorld, type World } from "../whole/world.ts";
import { axe } from "./axe.ts";
import { BrowserOnTest, type Look, looks, screenshot } from "./browser-on-test.ts";
import { tabFaults } from "./by-tab.ts";
import { layoutFaults } from "./layout.ts";

const browser = new BrowserOnTest();
let site: SimulatedSite;
let world: World;

beforeAll(async () => {
  const draw = () => randomBytes(12).toString("base64url");
  site = await startSimulatedSite(0, { file: ":memory:", now: Date.now, draw });
  // Hosts see their meetings whole, and administrators the site's users.
  const asked = "UPDATE users SET role = 'admin' WHERE web_ex_id = 'anna.berg' RETURNING password";
  process.env.WEBEX_SECRET_LOCAL = site.site.one<{ password: string }>(asked)?.password;
  const webexSite = {
    ...{ site: `http://127.0.0.1:${site.port}/harbour`, webExId: "anna.berg", passwordFrom: "WEBEX_SECRET_LOCAL" },
    expects: { edge: "http://127.0.0.1:8787" },
  };
  world = await startWorld({ domain: { webexSite } });
});

afterAll(async () => {
  await world?.stop();
  await site?.close();
});

async function open(path: string, look: Look): Promise<Page> {
  const page = await browser.open(`${world.run.edgeUrl}/console/local/${path}`, look);
  await page.locator("#token:focus").waitFor();
  await page.keyboard.type(world.run.operatorToken());
  await page.keyboard.press("Enter");
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
  return page;
}

async function expectFit(page: Page, name: string, look: Look): Promise<void> {
  // The text may be there before its style.
  await page.waitForLoadState("load");
  expect(await axe(page), name).toEqual([]);
  expect(await layoutFaults(page), name).toEqual([]);
  await screenshot(page, `console-${name}`, look);
  if (name !== "topics") expect(await tabFaults(page), name).toEqual([]);
}

/** Once the site was compared with the settings. */
async function compared(): Promise<void> {
  const path = `${world.run.edgeUrl}/api/v1/domains/local/provisioning-check`;
  const headers = { authorization: `Bearer ${world.run.operatorToken()}` };
  const state = async (method = "GET") => (await fetch(path, { method, headers })).json() as Promise<ProvisioningState>;
  const { last, running } = await state();
  if (last === null && running === null) await state("POST");
  await eventually("a check has come to its end", async () => (await state()).last !== null);
}

test("the meeting of a conference, its topic in the lists, and a check that is begun by hand and shows its result by itself", async () => {
  const meeting = new Meeting(world, "712475001");
  await meeting.create();
  const wide = looks[0] as Look;
  const page = await open(`conferences/${meeting.confKey}`, wide);
  await page.getByRole("link", { name: "Meeting", exact: true }).click();
  await page.getByText("Anna Berg, anna.berg").waitFor();
  expect(await page.getByRole("link", { name: "Join" }).getAttribute("href")).toMatch(
    new RegExp(`^http://127.0.0.1:${site.port}/harbour/m.php\\?`),
  );
  await page.getByRole("link", { name: "Conferences", exact: true }).click();
  await page.getByRole("row", { name: "712475001 Berth planning" }).waitFor();

  await page.getByRole("link", { name: "Domain", exact: true }).click();
  await page.getByRole("link", { name: "WebEx site", exact: true }).click();
  await page.getByText("Nothing has been compared yet").waitFor();
  await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
  await page.getByRole("button", { name: "Compare now" }).click();
  await page.getByRole("columnheader", { name: "What differs" }).waitFor();
  expect(await page.evaluate(() => "isSamePage" in globalThis)).toBe(true);
});

test.each(looks)("the pages are fit for everybody, and whole in their window, $scheme and $width", async (look) => {
  const meeting = new Meeting(world, "712475001");
  await meeting.create();
  await compared();
  const page = await open("conferences/712475001/meeting", look);
  await page.getByText("Anna Berg").waitFor();
  await expectFit(page, "meeting", look);
  for (const [name, path] of [
    ["topics", "conferences"],
    ["site", "site"],
  ] as const) {
    await page.goto(`${world.run.edgeUrl}/console/local/${path}`);
    await page.locator("#link[data-is=live]").waitFor();
    await expectFit(page, name, look);
  }
});
