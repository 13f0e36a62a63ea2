import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { eventually, Meeting, startWorld, type World } from "../whole/world.ts";
import { BrowserOnTest, change, type Look, screenshot } from "./browser-on-test.ts";

const browser = new BrowserOnTest();
const PORTS = 20;
/** The meetings of an evening: the name, and the last digits of telephone and attendee ID. */
const evening = {
  "712475001": { name: "Berth planning", attendeeIds: ["101", "104", "118", "121", "127"] },
  "712475003": { name: "Dredging: offers", attendeeIds: ["131", "134", "135"] },
  "712475005": { name: "Crane maintenance", attendeeIds: ["142", "143"] },
  "712475006": { name: "Pilots by telephone", attendeeIds: ["151", "156"] },
} as const;
let world: World;

beforeAll(async () => {
  vi.stubEnv("SIMULATED_BRIDGE_CALLS", String(PORTS));
  // What WebEx refuses stays refused as long as somebody looks at it.
  const domain = { logs: { personal: true }, webex: { retryDelaysMs: [0, 60_000] } };
  world = await startWorld({ twoAgents: true, domain });
});

afterAll(async () => {
  await world?.stop();
});

async function open(path: string, look: Look): Promise<Page> {
  const page = await browser.open(`${world.run.edgeUrl}/console/local/${path}`, look);
  await page.locator("#token:focus").waitFor();
  await page.keyboard.type(world.run.operatorToken());
  await page.keyboard.press("Enter");
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
  return page;
}

/** `npm run screens` takes the pictures of README.md and docs/console.md here. */
test("on a small evening the pages agree with each other and with the bridge", async () => {
  const headers = { authorization: `Bearer ${world.run.operatorToken()}` };
  const meetings = await Promise.all(
    Object.entries(evening).map(async ([key, { name: conferenceName, attendeeIds }]) => {
      const meeting = new Meeting(world, key);
      const create = { ...meeting.createRequest(), conferenceName };
      await meeting.ask(create);
      await meeting.answerTo(create.msgId, "ok");
      await meeting.notified("conference-changed", { status: "running" });
      await meeting.ask({
        type: "update-conference",
        msgId: meeting.msgId(),
        action: "report-speakers",
        ...meeting.handles,
      });
      const calls: string[] = [];
      for (const attendeeId of attendeeIds) calls.push((await meeting.callIn(attendeeId)).call);
      return { meeting, calls };
    }),
  );
  const [first, , , last] = meetings;
  if (!first || !last) throw new Error("there is no such meeting");
  await world.bridge.talk(first.calls[1] ?? "", true);
  const callers = Object.values(evening).flatMap(({ attendeeIds }) => attendeeIds).length;
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
  await page.getByText("speaking", { exact: true }).first().waitFor();
  await page.getByRole("row").filter({ hasText: "14085550118" }).getByRole("button", { name: "Mute" }).click();
  await page.getByText(`${evening["712475001"].attendeeIds.length}, 1 speaking, 1 muted`).waitFor();
  await page.locator("li.done", { hasText: "WebEx notified" }).waitFor();
  await screenshot(page, "evening-conference", look("dark", "wide"));

  await change(page, look("light", "wide"));
  await goTo("/conferences/712475001/timeline");
  await screenshot(page, "evening-timeline", look("light", "wide"));

  await goTo("/conferences");
  await page.getByText(`4 conferences, ${callers} callers`).waitFor();
  await page.getByRole("row", { name: "712475006 Pilots by telephone" }).getByText("2", { exact: true }).waitFor();
  const listed = await page.locator('td[data-label="Callers"]').allTextContents();
  expect(listed.map(Number)).toEqual(Object.values(evening).map(({ attendeeIds }) => attendeeIds.length));
  await screenshot(page, "evening-conferences", look("light", "wide"));

  await goTo("");
  const figures = ["Conferences now", "Callers now", "Ports in use", "Ports free"];
  expect(await Promise.all(figures.map(figure))).toEqual(["4", `${callers}`, `${callers}`, `${PORTS - callers}`]);
  await page.locator("main").getByText("No alerts", { exact: true }).waitFor();
  await change(page, look("dark", "narrow"));
  await screenshot(page, "evening-overview", look("dark", "narrow"));

  await change(page, look("light", "wide"));
  await goTo("/bridges");
  await page.getByText("Drain …").click();
  await page.getByRole("button", { name: "Stop new conferences" }).click();
  await page.getByText("Hand over …").click();
  await page.getByRole("row", { name: "agent-2" }).waitFor();
  await page.getByText(`4 conferences, ${callers} callers`).waitFor();
  await page.getByText(`${callers} of ${PORTS} ports in use, ${PORTS - callers} free`).waitFor();

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
  await page.getByText(/the bridge simulated of local: it is drained/).waitFor();
  world.webex.answerMode = { type: "confirm" };
  await goTo("/bridges");
  await page.getByRole("button", { name: "Resume: accept new conferences" }).click();
  await page.getByText("drained", { exact: true }).first().waitFor({ state: "detached" });
});
