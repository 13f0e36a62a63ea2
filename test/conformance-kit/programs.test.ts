import { XMLParser, XMLValidator } from "fast-xml-parser";
import { expect, test } from "vitest";
import { allClauses } from "../../conformance/clauses/all.ts";
import { load } from "../../conformance/load.ts";
import { renamesOf } from "../../conformance/player/renames.ts";
import { Webex } from "../../conformance/player/webex.ts";
import { MemoryPorts } from "../../conformance/ports-memory.ts";
import { ReferenceAdapter } from "../../conformance/reference/adapter.ts";
import type { DefectName } from "../../conformance/reference/defects.ts";
import { playReference } from "../../conformance/reference/play.ts";
import { htmlReport } from "../../conformance/report/html.ts";
import { jsonReport } from "../../conformance/report/json.ts";
import { junitReport } from "../../conformance/report/junit.ts";
import { conforms } from "../../conformance/report/summary.ts";
import { textReport } from "../../conformance/report/text.ts";
import { run } from "../../conformance/run.ts";
import { complete, Player } from "../../conformance/shell.ts";
import { ControlledTelephones } from "../../conformance/telephones/control.ts";
import { noTelephones } from "../../conformance/telephones/none.ts";
import { NumberRange } from "../../conformance/telephones/number-range.ts";

const few = allClauses.filter(({ id }) => /^(?:4\.1[ab]|4\.5|T1|T2)$/.test(id));

async function reportOf(...defects: DefectName[]) {
  const results = await playReference(few, defects);
  return { adapter: "http://adapter/?a=1&b=<2>", startedAt: Date.UTC(2026, 2, 4), tookMs: 1200, results };
}

test("the text report has a line for each clause, why one failed, and the wire", async () => {
  const text = textReport(await reportOf("no-status-0"));

  expect(text).toContain("passed        4.1a");
  expect(text).toMatch(/FAILED {8}4\.1b .*\n {4}why: WebEx waited 25 s for A2W_NotifyConferenceChange/);
  expect(text).toMatch(/12:00:\d\d\.\d{3} {2}WebEx 1 → adapter: W2A_CreateConference/);
  expect(text).toContain("not testable  T2");
  expect(text).toContain("does not conform");
});

test("the exit code goes by documented clauses that could be tested", async () => {
  const { results } = await reportOf();
  const failed = results.map((one) => (one.id === "4.5" ? { ...one, outcome: "failed" as const } : one));

  expect(conforms(results)).toBe(true);
  expect(conforms(failed)).toBe(true);
  expect(conforms((await reportOf("no-status-0")).results)).toBe(false);
  expect(conforms(results.filter(({ id }) => id === "T2"))).toBe(false);
});

test("the report for programs has the fixed form", async () => {
  const { clauses } = JSON.parse(jsonReport(await reportOf("no-status-0")));

  expect(clauses.map(({ id, standing, outcome }: Record<string, string>) => [id, standing, outcome])).toEqual([
    ["4.1a", "documented", "passed"],
    ["4.1b", "documented", "failed"],
    ["4.5", "unconfirmed", "failed"],
    ["T1", "documented", "passed"],
    ["T2", "documented", "not-testable"],
  ]);
  expect(clauses[1].why).toContain("Status");
});

test("the report for test servers is XML with a suite for each standing", async () => {
  const text = junitReport(await reportOf("no-status-0"));

  expect(XMLValidator.validate(text)).toBe(true);
  const { testsuites } = new XMLParser({ ignoreAttributes: false }).parse(text);
  expect(testsuites.testsuite).toMatchObject([
    { "@_name": "conformance: documented", "@_tests": "4", "@_failures": "1", "@_skipped": "1" },
    { "@_name": "conformance: unconfirmed", "@_tests": "1", "@_failures": "1", "@_skipped": "0" },
    { "@_name": "conformance: inferred", "@_tests": "0", "@_failures": "0", "@_skipped": "0" },
  ]);
});

test("the page has nothing from outside, escapes what it shows, and draws each clause", async () => {
  const page = htmlReport(await reportOf("no-status-0"));

  expect(page).not.toMatch(/(?:src|href)=|@import|<script/);
  expect(page).toContain("http://adapter/?a=1&amp;b=&lt;2&gt;");
  expect(page.match(/<svg /g)).toHaveLength(3);
  expect(page).toContain('<details class="clause" id="4.1b" open>');
  expect(page).not.toMatch(/NaN|undefined/);
});

test("without telephones, clauses that need none are played", async () => {
  const ports = new MemoryPorts();
  const { adapter } = await new ReferenceAdapter(ports).start("adapter:80", "bridge:80");

  const results = await ports.run(run(ports, noTelephones, allClauses, optionsFor(adapter)));

  expect(results.filter(({ outcome }) => outcome === "failed")).toEqual([]);
  expect(results.filter(({ outcome }) => outcome === "passed").length).toBeGreaterThan(50);
  expect(results.find(({ id }) => id === "4.2a")?.why).toContain("--by-hand");
});

test.each([
  [[], 0, "within the documented limits"],
  [["slow-create"], 1, "not within the documented limits"],
  [["slow-entry"], 1, "not within the documented limits"],
] satisfies [DefectName[], number, string][])("load with %j ends with %i", async (defects, code, verdict) => {
  const ports = new MemoryPorts();
  const addresses = await new ReferenceAdapter(ports, defects).start("adapter:80", "bridge:80");
  const telephones = new ControlledTelephones(ports, `http://${addresses.bridge}`);
  const lines: string[] = [];

  const ended = await ports.run(
    load(ports, telephones, optionsFor(addresses.adapter), 30, 1, (line) => lines.push(line)),
  );

  expect(ended).toBe(code);
  expect(lines[0]).toBe("30 conferences, 30 a minute");
  expect(lines.at(-1)).toContain(verdict);
});

test("another name on the wire goes out and comes in", () => {
  const renames = renamesOf([["SubConfID", "ExtSubConfID"]]);

  expect(renames.out({ name: "W2A_X", attributes: { SubConfID: "1", MsgID: "2" } }).attributes).toEqual({
    ExtSubConfID: "1",
    MsgID: "2",
  });
  const element = { name: "A2W_X", attributes: { ExtSubConfID: "1" }, children: [], text: "" };
  expect(renames.in(element).attributes).toEqual({ SubConfID: "1" });
});

test.each([
  ["Cre", ["CreateConference", "CreateSubConference"]],
  ["CreateConference Conf", ["ConfKey=", "ConfName="]],
  ["UpdateConference ActionCode=", Array.from("123456789", (code) => `ActionCode=${code}`)],
  ["CloseConference ; Drop", ["DropUser"]],
  ["Callout Coun", ["CountryCode="]],
])("Tab after %j offers %j", (line, offered) => {
  expect(complete(line)[0]).toEqual(offered);
});

test("in the shell a line is posted, what comes is printed, and a caller is named", async () => {
  const ports = new MemoryPorts();
  const reference = new ReferenceAdapter(ports);
  const { adapter } = await reference.start("adapter:80", "bridge:80");
  const webex = new Webex(ports, optionsFor(adapter));
  const lines: string[] = [];
  const player = new Player(webex, (line) => lines.push(line));

  await ports.run(
    (async () => {
      await webex.start();
      await player.obey("CreateConference ConfKey=77 ExtConfID=12345678");
      await ports.sleep(100);
      await new ControlledTelephones(ports, "http://bridge:80").dialIn("1", "77#4#");
      await ports.sleep(100);
      await player.obey("DropUser ExtCallID=70001 ; NoSuchThing");
      await ports.sleep(100);
    })(),
  );

  const said = lines.map((line) => line.slice(14).replaceAll(/ (?:MsgID|ExtConfID|DID)=\d+/g, ""));
  expect(said).toEqual(
    expect.arrayContaining([
      "WebEx 1 → adapter: W2A_CreateConference ConfKey=77",
      "adapter → WebEx 1: Confirmation 0",
      "adapter → WebEx 1: A2W_RspCreateConference Result=0",
      "WebEx 1 → adapter: W2A_RspNotifyUserEnter ExtCallID=70001",
      "WebEx 1 → adapter: W2A_DropUser ExtCallID=70001 + W2A_NoSuchThing",
      "adapter → WebEx 1: A2W_RspDropUser Result=0",
      "adapter → WebEx 1: A2W_NotifyUserChange ExtCallID=70001 Status=2",
    ]),
  );
  await expect(player.obey("CreateConference nonsense")).rejects.toThrow("nonsense");
});

test.each([
  ["1-408-55501xx", 7, "5550107"],
  ["1-408-55501xx", 100, "5550100"],
  ["44-20-x79x", 1234, "3794"],
])("of the numbers %s, number %i is %s", (pattern, n, local) => {
  expect(new NumberRange(pattern, n).next()[2]).toBe(local);
});

test("with a control interface, numbers that nobody has are called, or those that are given", async () => {
  const ports = new MemoryPorts();
  const { bridge } = await new ReferenceAdapter(ports).start("adapter:80", "bridge:80");

  const usual = await ports.run(new ControlledTelephones(ports, `http://${bridge}`).number("answer", 50));
  const given = await ports.run(new ControlledTelephones(ports, `http://${bridge}`, "49-30-1xx").number("busy", 50));

  expect(usual.join("-")).toMatch(/^1-408-55501\d\d$/);
  expect(given.join("-")).toMatch(/^49-30-1\d\d$/);
});

function optionsFor(adapterUrl: string) {
  return {
    adapterUrl: `http://${adapterUrl}/`,
    listen: ["webex1:80", "webex2:80"],
    atOnce: 16,
    patienceMs: 5_000,
    quietMs: 300,
    muteKeys: "*6",
    mergeKeys: "*1",
  };
}
