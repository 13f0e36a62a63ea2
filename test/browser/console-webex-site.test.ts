import { randomBytes } from "node:crypto";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { ProvisioningState } from "../../src/rpc/webex-site.ts";
import { type SimulatedSite, startSimulatedSite } from "../../webex-interfaces/doors/site.ts";
import { eventually, Meeting, startWorld, type World } from "../whole/world.ts";
import { axe } from "./axe.ts";
import { BrowserOnTest, change, type Look, looks, screenshot } from "./browser-on-test.ts";
import { tabFaults } from "./by-tab.ts";
import { layoutFaults } from "./layout.ts";

const browser = new BrowserOnTest();
const PORTS = 20;
/** Who is in each meeting of an evening: the last digits of telephone and attendee ID. */
const evening = {
  "712475001": ["101", "104", "118", "121", "127"],
  "712475003": ["131", "134", "135"],
  "712475005": ["142", "143"],
  "712475006": ["151", "156"],
} as const;
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
  vi.stubEnv("SIMULATED_BRIDGE_CALLS", String(PORTS));
  // What WebEx refuses stays refused as long as somebody looks at it.
  world = await startWorld({
    twoAgents: true,
    domain: { webexSite, logs: { personal: true }, webex: { retryDelaysMs: [0, 60_000] } },
  });
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
  if (name !== "topics" && look.scheme === "light") expect(await tabFaults(page), name).toEqual([]);
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

/** The pictures of docs/console.md are of this test alone: all of it are calls on the bridge. */
test("on a small evening the pages agree with each other and with the bridge", async () => {
  vi.stubEnv("NODE_OPTIONS", "--import=data:text/javascript,globalThis.BRIDGEHEAD_VERSION='1.3.0'");
  process.kill(world.run.secondAgent?.pid ?? 0, "SIGKILL");
  const headers = { authorization: `Bearer ${world.run.operatorToken()}` };
  const meetings = await Promise.all(
    Object.entries(evening).map(async ([key, attendeeIds]) => {
      const meeting = new Meeting(world, key);
      await meeting.create();
      await meeting.ask({
        type: "update-conference",
        msgId: meeting.msgId(),
        action: "report-speakers",
        ...meeting.handles,
      });
      const calls: string[] = [];
      for (const attendeeId of attendeeIds) calls.push((await meeting.callIn(attendeeId)).call);
      await fetch(`${world.run.edgeUrl}/api/v1/domains/local/conferences/${key}/meeting`, { headers });
      return { meeting, calls };
    }),
  );
  const [first, , , last] = meetings;
  if (!first || !last) throw new Error("there is no such meeting");
  await world.bridge.talk(first.calls[1] ?? "", true);
  const callers = Object.values(evening).flat().length;
  await eventually("the edge knows how full the bridge is", async () => {
    const readyz = await fetch(`${world.run.edgeUrl}/readyz`, { headers });
    return (await readyz.text()).includes(`"portsInUse":${callers}`);
  });

  const look = (scheme: Look["scheme"], width: Look["width"]): Look => ({ scheme, width });
  const page = await open("conferences/712475001", look("dark", "wide"));
  const live = () => page.locator("#link[data-is=live]").waitFor();
  const goTo = async (path: string) => {
    await page.goto(`${world.run.edgeUrl}/console/local${path}`);
    await live();
  };
  const figure = (name: string) => page.locator("#figures > div", { hasText: name }).locator("dd").textContent();
  await live();
  await page.getByText("speaks", { exact: true }).waitFor();
  await page.getByRole("row").filter({ hasText: "14085550118" }).getByRole("button", { name: "Mute" }).click();
  await page.getByText(`${evening["712475001"].length}, 1 speaking, 1 muted`).waitFor();
  await page.locator("li.done", { hasText: "WebEx notified" }).waitFor();
  await screenshot(page, "evening-conference", look("dark", "wide"));

  await change(page, look("light", "wide"));
  await goTo("/conferences/712475001/timeline");
  await screenshot(page, "evening-timeline", look("light", "wide"));

  await goTo("/conferences");
  await page.getByText(`4 running in all, with ${callers} callers`).waitFor();
  await page.getByRole("row", { name: "712475006 Pilots by telephone" }).getByText("2", { exact: true }).waitFor();
  const listed = await page.locator('td[data-label="Callers"]').allTextContents();
  expect(listed.map(Number)).toEqual(Object.values(evening).map(({ length }) => length));
  await page.getByRole("row", { name: "712475001" }).getByText("14085550104").waitFor();
  await screenshot(page, "evening-conferences", look("light", "wide"));

  await goTo("");
  const figures = ["Conferences now", "Callers now", "Ports in use", "Ports free"];
  expect(await Promise.all(figures.map(figure))).toEqual(["4", `${callers}`, `${callers}`, `${PORTS - callers}`]);
  await page.getByText("Bridges answer, and WebEx confirms.").waitFor();
  await change(page, look("dark", "narrow"));
  await screenshot(page, "evening-overview", look("dark", "narrow"));

  await change(page, look("light", "wide"));
  await goTo("/bridges");
  await page.getByText("Drain …").click();
  await page.getByRole("button", { name: "Take no new conferences" }).click();
  await page.getByText("Hand over …").click();
  await page.getByRole("row", { name: "agent-2" }).getByText("1.3.0").waitFor();
  await page.getByText(`4 conferences, ${callers} callers`).waitFor();
  await page.getByText(`${callers} of ${PORTS} ports in use, ${PORTS - callers} free`).waitFor();
  for (const one of [look("light", "wide"), look("dark", "narrow")]) {
    await change(page, one);
    await screenshot(page, "evening-bridges", one);
  }

  world.webex.answerMode = { type: "status", status: 503 };
  await change(page, look("light", "wide"));
  await goTo("");
  await world.bridge.callIn("14085550158", `${last.meeting.confKey}#158#`);
  await page.getByRole("row", { name: "712475006 Pilots by telephone" }).getByText("WebEx does not confirm").waitFor();
  await page.getByText(`${callers + 1} of ${PORTS} ports in use`).waitFor();
  expect(await Promise.all(figures.map(figure))).toEqual([
    "4",
    ...[callers + 1, callers + 1, PORTS - callers - 1].map(String),
  ]);
  await page.getByText(/^The bridge simulated of local is drained: /).waitFor();
  await screenshot(page, "evening-wrong", look("light", "wide"));
  world.webex.answerMode = { type: "confirm" };
  await goTo("/bridges");
  await page.getByRole("button", { name: "Take conferences again" }).click();
  await page.getByText("drained", { exact: true }).waitFor({ state: "detached" });
});

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
