import { XMLParser, XMLValidator } from "fast-xml-parser";
import { expect, test } from "vitest";
import { allClauses } from "../clauses/all.ts";
import { conditionsOf, program } from "../options.ts";
import { runDigits, serverIds } from "../player/ids.ts";
import { Stage } from "../player/stage.ts";
import { Webex } from "../player/webex.ts";
import { MemoryPorts } from "../ports-memory.ts";
import { ReferenceAdapter } from "../reference/adapter.ts";
import type { DefectName } from "../reference/defects.ts";
import { playReference } from "../reference/play.ts";
import { htmlReport } from "../report/html.ts";
import { jsonReport } from "../report/json.ts";
import { junitReport } from "../report/junit.ts";
import { isWithoutFailure, runId, verdictOf } from "../report/summary.ts";
import { textReport } from "../report/text.ts";
import { type RunOptions, run } from "../run.ts";
import { complete, Player } from "../shell.ts";
import { ControlledTelephones } from "../telephones/control.ts";
import { noTelephones } from "../telephones/none.ts";
import { NOBODYS_NUMBERS, NumberRange } from "../telephones/number-range.ts";
import { writeConfirmation, writeDocument } from "../xml.ts";
import { VIRTUAL_CLOCK_MS } from "./each-defect.ts";

const few = allClauses.filter(({ id }) => /^(?:4\.1[ab]|4\.5|T1|T2a)$/.test(id));

const tested = { version: "4.2", bridge: "a bridge", kit: "bridgehead-conformance 1.2.3, digest 0123456789abcdef" };
const conditions = { telephones: "none", options: "--rename A=B" };

async function reportOf(...defects: DefectName[]) {
  const results = await playReference(few, defects);
  return {
    adapter: "http://adapter/?a=1&b=<2>",
    tested,
    conditions,
    startedAt: Date.UTC(2026, 2, 4),
    tookMs: 1200,
    results,
  };
}

test("the text report has a line for each clause, why one failed, and the wire", async () => {
  const text = textReport(await reportOf("no-status-0"));

  expect(text).toContain("passed        4.1a");
  expect(text).toMatch(
    /^finding 1: A2W_NotifyConferenceChange with Status 0 does not come\n {4}2 clauses: 4\.1b 4\.5\n/,
  );
  expect(text).toMatch(/FAILED {8}4\.1b .*\n {22}finding 1: WebEx waited 25 s for A2W_NotifyConferenceChange/);
  expect(text).toMatch(/12:00:\d\d\.\d{3} {2}WebEx 1 → adapter: W2A_CreateConference/);
  expect(text).toContain("not testable  T2a");
  expect(text).toContain("does not conform: 1 of ");
});

test("the exit code goes by documented clauses that could be tested", async () => {
  const { results } = await reportOf();
  const failed = results.map((one) => (one.id === "4.5" ? { ...one, outcome: "failed" as const } : one));

  expect(isWithoutFailure(results)).toBe(true);
  expect(isWithoutFailure(failed)).toBe(true);
  expect(isWithoutFailure((await reportOf("no-status-0")).results)).toBe(false);
  expect(isWithoutFailure(results.filter(({ id }) => id === "T2a"))).toBe(false);
});

test("an adapter conforms only where each documented clause that can be played was", async () => {
  const all = await playReference(allClauses);
  const but = (id: string, outcome: "failed" | "not-testable") =>
    all.map((one) => (one.id === id ? { ...one, outcome } : one));
  const few = all.filter(({ id }) => id === "4.1a" || id === "T1");

  expect(verdictOf(all).text).toMatch(
    /^conforms: \d+ of \d+ documented clauses passed, none failed; \d+ cannot be seen from outside \(T10, T33, 2\.3\.2b\); 3 had nothing to judge \(T2a, 2\.3\.2c, 2\.3\.11:CSPClientPassthrough\)$/,
  );
  expect(verdictOf(but("4.3a", "failed")).text).toMatch(
    /^does not conform: 1 of \d+ documented clauses failed, \d+ passed/,
  );
  expect(verdictOf(but("4.3a", "not-testable"))).toEqual({
    word: "not-shown",
    text: expect.stringContaining("; 1 not tested (4.3a); "),
  });
  expect(verdictOf(few).text).toMatch(
    /^not shown to conform: no documented clause failed, 2 of 1\d\d passed; 1\d\d not tested \(.* and 1\d\d more\)$/,
  );
});

test("each report says how the run was made, and what it shows", async () => {
  const made = await reportOf();

  for (const write of [textReport, jsonReport, junitReport, htmlReport]) {
    const text = write(made);
    expect(text).toContain("no documented clause failed, 3 of ");
    for (const condition of Object.values({ ...tested, ...conditions })) expect(text).toContain(condition);
    expect(text).toContain(runId(made));
    expect(text).toContain("2026-03-04");
  }
});

test("the conditions name telephones, chosen clauses and each option that was given", () => {
  const command = program();
  const given = [
    "--adapter",
    "http://a/",
    "--listen",
    "127.0.0.1:9",
    "--only",
    "4.1,F",
    "--rename",
    "SubConfID=A",
    "--refused",
    "1-900-5550123",
    "--by-hand",
    "--mute-keys",
    "none",
  ];
  command.parse([...given, "--json", "x.json"], { from: "user" });

  expect(conditionsOf(command)).toEqual({
    telephones: "a person's",
    clauses: "those that begin with 4.1, F",
    patience: "20 s",
    quiet: "300 ms",
    options: "--listen 127.0.0.1:9 --by-hand --mute-keys none --refused 1-900-5550123 --rename SubConfID=A",
  });
});

test("control characters of an adapter do not reach a terminal, and JUnit stays XML", async () => {
  const telephones = {
    ...noTelephones,
    cannot: () => null,
    dialIn: () => Promise.reject(new Error("\x1b[2J\0\ufffe\ud800 ü\n")),
  };
  const ports = new MemoryPorts();
  const { adapter } = await new ReferenceAdapter(ports).start("adapter:80", "bridge:80");
  const clauses = allClauses.filter(({ id }) => id === "4.2a");

  const results = await ports.run(run(ports, telephones, clauses, optionsFor(adapter)));

  expect(results[0]?.why).toBe("the telephones failed: \\x1b[2J\\x00\\ufffe\\ud800 ü\n");
});

test("telephones that fail are no failure of the adapter, and one sentence says so", async () => {
  const ports = new MemoryPorts();
  const { adapter, bridge } = await new ReferenceAdapter(ports).start("adapter:80", "bridge:80");
  const telephones = new ControlledTelephones(ports, `http://${bridge}`);
  const notes: string[] = [];
  telephones.dialIn = () => Promise.reject(new Error("socket hang up"));
  const clauses = allClauses.filter(({ id }) => /^(?:4\.1a|4\.2[ab])$/.test(id));

  const results = await ports.run(
    run(ports, telephones, clauses, optionsFor(adapter), { note: (text) => notes.push(text) }),
  );

  const failed = ["not-testable", "the telephones failed: socket hang up"];
  expect(results.map(({ outcome, why }) => [outcome, why])).toEqual([["passed", ""], failed, failed]);
  expect(notes).toEqual(["the telephones failed: socket hang up (4.2a and 1 more)"]);
});

/** Plays clauses against an adapter that answers the first so many posts of WebEx, and then as `after` says. */
async function endingWith(after: () => Promise<"hang">, first: number, ids: RegExp) {
  const ports = new MemoryPorts();
  const reference = new ReferenceAdapter(ports);
  const { bridge } = await reference.start("adapter:80", "bridge:80");
  let count = 0;
  await ports.listen("ending:80", (request) => {
    count += 1;
    return count > first ? after() : reference.receive(request);
  });
  const telephones = new ControlledTelephones(ports, `http://${bridge}`);
  const clauses = allClauses.filter(({ id }) => ids.test(id));
  const notes: string[] = [];
  const note = (text: string) => notes.push(text);
  const startedAt = ports.now();
  const results = await ports.run(
    run(ports, telephones, clauses, { ...optionsFor("ending:80"), patienceMs: 20_000 }, { note }),
  );
  return { results, notes, tookMs: ports.now() - startedAt };
}

const refused = () => Promise.reject(new Error("connect ECONNREFUSED"));

test("an adapter that dies is one sentence, and the clauses that are left are not tested", async () => {
  const { results, notes } = await endingWith(refused, 40, /^(?:T2|4\.2|1\.3c)/);

  expect(notes).toEqual([
    expect.stringMatching(
      /^the adapter answers nothing any more \(connect ECONNREFUSED\); the first post without an answer was W2A_\w+ .*\(clause \S+\)$/,
    ),
  ]);
  expect(results.filter(({ outcome }) => outcome === "failed").map(({ id, why }) => `${id}: ${why}`)).toEqual([]);
  expect(results.filter(({ why }) => why === `not played: ${notes[0]}`).length).toBeGreaterThan(5);
});

test.each([
  ["", /^http:\/\/elsewhere:80\/ answers without a Confirmation \(HTTP 404\): .*--adapter/],
  ["confirms", /^the adapter confirms, and posts nothing to webex1:80 and webex2:80: .*--announce/],
])("an address that seems to be wrong is one sentence (%s)", async (how, sentence) => {
  const ports = new MemoryPorts();
  await ports.listen("elsewhere:80", async ({ body }) => {
    const [, transId = ""] = /<TransID>(.*)<\/TransID>/.exec(body) ?? [];
    return how === "confirms" ? { status: 200, body: writeConfirmation(transId, 0) } : { status: 404, body: "" };
  });
  const clauses = allClauses.filter(({ id }) => /^(?:T20a|4\.1[ab])$/.test(id));
  const notes: string[] = [];
  const note = (text: string) => notes.push(text);

  await ports.run(run(ports, noTelephones, clauses, optionsFor("elsewhere:80"), { note }));

  expect(notes).toEqual([expect.stringMatching(sentence)]);
});

test("an adapter that floods the kit ends the run, and there is a report of what was before", async () => {
  const ports = new MemoryPorts();
  const { adapter, bridge } = await new ReferenceAdapter(ports).start("adapter:80", "bridge:80");
  const telephones = new ControlledTelephones(ports, `http://${bridge}`);
  const clauses = allClauses.filter(({ id, kind }) => id.startsWith("4.2") || kind === "judged");
  const notes: string[] = [];
  const options = { ...optionsFor(adapter), mostPosts: 20 };

  const results = await ports.run(run(ports, telephones, clauses, options, { note: (text) => notes.push(text) }));

  expect(notes).toEqual([expect.stringContaining("has posted 20 documents, more than are kept")]);
  expect(results).toHaveLength(clauses.length);
  expect(results.some(({ outcome }) => outcome === "not-testable")).toBe(true);
});

test.each([
  ["one-post-at-a-time", true],
  ["call-out-not-answered", false],
] as const)(
  "clauses are played again only where the adapter held back their posts (%s)",
  async (deviation, isAgain) => {
    const ports = new MemoryPorts();
    const { adapter, bridge } = await new ReferenceAdapter(ports, [deviation]).start("adapter:80", "bridge:80");
    const telephones = new ControlledTelephones(ports, `http://${bridge}`);
    const clauses = allClauses.filter(({ id }) => /^(?:T37$|4\.[13])/.test(id));
    const started: string[] = [];

    const results = await ports.run(
      run(
        ports,
        telephones,
        clauses,
        { ...optionsFor(adapter), patienceMs: 25_000 },
        { started: ({ id }) => started.push(id) },
      ),
    );

    expect(started.length > clauses.length).toBe(isAgain);
    expect(results.some(({ outcome }) => outcome === "failed")).toBe(!isAgain);
  },
);

test("a long document is cut where a person reads, and whole for programs", async () => {
  const made = await reportOf();
  const [first] = made.results;
  const long = "x".repeat(10_000);
  const entry = { at: 0, from: "adapter", to: "WebEx 1", kind: "post", title: "a text", body: long } as const;
  const report = { ...made, results: first ? [{ ...first, outcome: "failed" as const, trace: [entry] }] : [] };

  for (const write of [textReport, junitReport]) {
    expect(write(report)).toContain("(10000 characters)");
    expect(write(report)).not.toContain(long);
  }
  expect(jsonReport(report)).toContain(long);
});

test("what a control interface says wrongly is one line", async () => {
  const ports = new MemoryPorts();
  const page = `<html>\n${"<p>not here</p>\n".repeat(50)}</html>`;
  const answers = [
    { status: 404, body: page },
    { status: 200, body: page },
    { status: 200, body: "{}" },
  ];
  await ports.listen("bridge:80", async () => answers.shift() ?? { status: 500, body: "" });
  const telephones = new ControlledTelephones(ports, "http://bridge:80");

  const said: string[] = [];
  for (const _ of ["404", "no JSON", "no calls"])
    await ports.run(
      telephones.state().then(
        () => {},
        (error: Error) => void said.push(error.message),
      ),
    );

  expect(said).toEqual([
    expect.stringMatching(/^the bridge answers 404 to GET \/state: <html> <p>not here.{0,120}…$/),
    expect.stringMatching(/^the bridge answers GET \/state with what is no JSON: .{0,130}…$/),
    "GET /state names no calls",
  ]);
});

test("an adapter that is silent is given up when the first posts have had their time", async () => {
  const { results, notes, tookMs } = await endingWith(async () => "hang", 0, /^(?:T2|4\.1)/);

  expect(notes).toEqual([expect.stringMatching(/^the adapter has answered nothing \(no answer in time\)/)]);
  expect(results.filter(({ outcome }) => outcome === "failed")).toEqual([]);
  expect(tookMs).toBeLessThan(30_000);
});

test("an adapter that closes the connection on what it refuses is still there", async () => {
  const ports = new MemoryPorts();
  const reference = new ReferenceAdapter(ports);
  await reference.start("adapter:80", "bridge:80");
  await ports.listen("closing:80", async (request) => {
    const answer = await reference.receive(request);
    return typeof answer !== "string" && answer.body.includes('Result="0"') ? answer : "reset";
  });
  const clauses = allClauses.filter(({ id }) => /^T2\d[a-f]?$/.test(id));
  const notes: string[] = [];
  const note = (text: string) => notes.push(text);

  const results = await ports.run(
    run(ports, noTelephones, clauses, { ...optionsFor("closing:80"), atOnce: 1 }, { note }),
  );

  expect(notes).toEqual([]);
  expect(results.filter(({ outcome }) => outcome === "failed").map(({ id }) => id)).toContain("T20a");
  expect(results.find(({ id }) => id === "T25")?.outcome).toBe("passed");
});

test("what came for an earlier run is a note; the same for no run is a fault", async () => {
  const ports = new MemoryPorts();
  const { adapter } = await new ReferenceAdapter(ports).start("adapter:80", "bridge:80");
  const startedAt = ports.now();
  const clauses = allClauses.filter(({ id }) => /^(?:4\.1a|T44b|2\.1)$/.test(id));
  const strays = (extConfId: string, msgId: string) => {
    const answer = { name: "A2W_RspCreateConference", attributes: { MsgID: msgId, Result: "0" } };
    const change = {
      name: "A2W_NotifyConferenceChange",
      attributes: { MsgID: "1", ExtConfID: extConfId, Status: "3" },
    };
    const body = writeDocument(`9${msgId}`, [answer, change]);
    return ports.send({ method: "POST", url: "http://webex1:80/", body });
  };
  const judged = async (extConfId: string, msgId: string) => {
    const playing = run(ports, noTelephones, clauses, optionsFor(adapter));
    const results = await ports.run(Promise.all([playing, strays(extConfId, msgId)]).then(([made]) => made));
    return Object.fromEntries(results.map(({ id, outcome, why }) => [id, [outcome, why]]));
  };
  const runBefore = runDigits(startedAt - 60_000);
  const [msgBefore, msgToCome] = [startedAt - 60_000, startedAt + 600_000].map((at) => serverIds(11, () => at).msgId());

  expect(await judged(`${runBefore}012`, msgBefore ?? "")).toMatchObject({
    T44b: ["passed", expect.stringContaining("an earlier run of the kit")],
    "2.1": ["passed", expect.stringContaining("an earlier run of the kit")],
  });
  expect(await judged("999", msgToCome ?? "")).toMatchObject({
    T44b: ["failed", expect.anything()],
    "2.1": ["failed", expect.anything()],
  });
});

class WatchedTelephones extends ControlledTelephones {
  readonly given: unknown[] = [];

  override async faults(faults: { readonly delayMs?: number }): Promise<void> {
    this.given.push(faults);
    await super.faults(faults);
  }
}

/** Of the clauses whose ids are such; broken off after so many milliseconds. */
async function brokenOff(ids: RegExp, ms: number) {
  const ports = new MemoryPorts();
  const { adapter, bridge } = await new ReferenceAdapter(ports).start("adapter:80", "bridge:80");
  const telephones = new WatchedTelephones(ports, `http://${bridge}`);
  const stop = new AbortController();
  const clauses = allClauses.filter(({ id }) => ids.test(id));
  const playing = run(ports, telephones, clauses, { ...optionsFor(adapter), atOnce: 3, stop: stop.signal });
  const breaking = ports.sleep(ms).then(() => stop.abort());
  const results = await ports.run(Promise.all([playing, breaking]).then(([made]) => made));
  const state = await ports.run(ports.send({ method: "GET", url: `http://${bridge}/state`, body: "" }));
  return { clauses, results, given: telephones.given, state: JSON.parse(state.body) };
}

test("a run that is broken off leaves no call and no conference, and names the rest as not played", async () => {
  const { clauses, results, state } = await brokenOff(/^(?:4\.1a|4\.2|T1$)/, 60);

  const played = results.filter(({ kind }) => kind === "played");
  expect(played.at(-1)).toMatchObject({ outcome: "not-testable", why: "not played: the run was broken off" });
  expect(results.filter(({ outcome }) => outcome === "failed").map(({ id, why }) => `${id}: ${why}`)).toEqual([]);
  expect(results).toHaveLength(clauses.length);
  expect(state.conferences).toEqual([]);
  expect(state.calls.length).toBeGreaterThan(0);
  expect(state.calls.filter((call: { readonly state: string }) => call.state !== "ended")).toEqual([]);
});

test("a run that is broken off takes back the faults of the bridge", async () => {
  const { results, given } = await brokenOff(/^T28a$/, 500);

  expect(results[0]).toMatchObject({ outcome: "not-testable", why: "not played: the run was broken off" });
  expect(given[0]).toEqual({ delayMs: expect.any(Number) });
  expect(given.at(-1)).toEqual({});
});

test("a run without telephones that is broken off has its report", async () => {
  const ports = new MemoryPorts();
  const { adapter } = await new ReferenceAdapter(ports).start("adapter:80", "bridge:80");
  const stop = new AbortController();
  const clauses = allClauses.filter(({ id }) => /^4\.1[ab]$/.test(id));
  const playing = run(ports, noTelephones, clauses, { ...optionsFor(adapter), atOnce: 1, stop: stop.signal });
  const breaking = ports.sleep(1).then(() => stop.abort());

  const [results] = await ports.run(Promise.all([playing, breaking]));

  expect(results.map(({ why }) => why)).toEqual(clauses.map(() => "not played: the run was broken off"));
});

test("the report for programs has the fixed form", async () => {
  const { clauses } = JSON.parse(jsonReport(await reportOf("no-status-0")));

  expect(clauses.map(({ id, standing, outcome }: Record<string, string>) => [id, standing, outcome])).toEqual([
    ["4.1a", "documented", "passed"],
    ["4.1b", "documented", "failed"],
    ["4.5", "unconfirmed", "failed"],
    ["T2a", "documented", "not-testable"],
    ["T1", "documented", "passed"],
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

  expect(page).not.toMatch(/src=|href="(?!#)|@import|<script/);
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

test("the load is created at its rate, stays, and says what it took", { timeout: VIRTUAL_CLOCK_MS }, async () => {
  const loads = allClauses.filter(({ id }) => /^T9c?$/.test(id));
  const results = await playReference(loads, [], { load: { perMinute: 60, minutes: 2 } });
  const without = await playReference(loads, [], { load: undefined });
  const byHand = await playReference(loads, [], {}, (ports, bridge) =>
    Object.assign(new ControlledTelephones(ports, bridge), { isPerson: true }),
  );

  expect(results.map(({ outcome, why }) => [outcome, why])).toEqual([
    ["passed", "120 conferences, 60 a minute: half of them within 6 ms, all within 6 ms"],
    ["passed", expect.stringMatching(/^120 callers: half of them within \d+ ms, all within \d+ ms$/)],
  ]);
  expect(results[0]?.tookMs).toBeGreaterThanOrEqual(120_000);
  expect(without.map(({ why }) => why)).toEqual(["a minute of load: give --load", "a minute of load: give --load"]);
  expect(byHand.map(({ outcome }) => outcome)).toEqual(["passed", "not-testable"]);
});

test.each<[Partial<RunOptions>, boolean, string]>([
  [{ https: undefined }, true, "give --https FILE"],
  [{}, false, "does not trust the authority of --https (unknown ca)"],
  [
    { listen: ["webex1:80", "webex2:80", "webex3:8443"], announce: ["webex1:80", "webex2:80", "webex3:8443"] },
    true,
    "webex3:8443: give that server port 443",
  ],
])("a server by HTTPS that says nothing about the adapter is not testable (%j)", async (options, trusts, why) => {
  const clauses = allClauses.filter(({ id }) => id === "T2");

  const [result] = await playReference(clauses, [], options, (ports, bridge) => {
    Object.assign(ports, { trusts });
    return new ControlledTelephones(ports, bridge);
  });

  expect(result).toMatchObject({ outcome: "not-testable", why: expect.stringContaining(why) });
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
      await ports.sleep(500);
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
      "adapter → WebEx 1: A2W_RspDropUser Result=0 + A2W_RspMessageError Result=-12 ErrMsg=unknown msg received",
      "adapter → WebEx 1: A2W_NotifyUserChange ExtCallID=70001 Status=2",
    ]),
  );
  await expect(player.obey("CreateConference nonsense")).rejects.toThrow("nonsense");
});

test("the shell also prints what is about no conference of its own, and what is no document", async () => {
  const ports = new MemoryPorts();
  const webex = new Webex(ports, optionsFor("adapter:80"));
  const lines: string[] = [];
  new Player(webex, (line) => lines.push(line));
  const notification = { name: "A2W_NotifyConferenceChange", attributes: { ExtConfID: "999", Status: "3" } };

  await ports.run(webex.start());
  for (const body of [writeDocument("1", [notification]), "\x1b[2Jgarbage"]) {
    await ports.run(ports.send({ method: "POST", url: "http://webex1:80/", body }));
  }

  const said = lines.map((line) => line.slice(14));
  expect(said[0]).toBe("adapter → WebEx 1: A2W_NotifyConferenceChange ExtConfID=999 Status=3");
  expect(said[1]).toBe("WebEx 1 → adapter: Confirmation 0");
  expect(said[2]).toMatch(/^adapter → WebEx 1: ./);
  expect(said[3]).toBe("WebEx 1 → adapter: Confirmation -2");
  expect(lines.join()).not.toContain("\x1b");
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

test("no caller dials in from a number that may be called out to", async () => {
  const ports = new MemoryPorts();
  let last = 0;
  const next = () => {
    last += 1;
    return last;
  };
  const from: string[] = [];
  const dialIn = async (number: string) => {
    from.push(number);
    return number;
  };
  const options = optionsFor("adapter:80");
  const telephones = { ...noTelephones, dialIn };
  const { people } = new Stage("1", new Webex(ports, options), telephones, { run: "12345", next }, options);
  const called = Array.from({ length: 100 }, (_, n) => new NumberRange(NOBODYS_NUMBERS, n).next().join(""));

  for (let n = 0; n < 9_800; n++) await people.dialIn("77");

  expect(from.filter((number) => called.includes(number))).toEqual([]);
  expect(new Set(from).size).toBe(9_800);
  expect(from.find((number) => !/^1408555\d{4}$/.test(number))).toBe(undefined);
});

test("whether a number was called again goes by the calls to it, also those that are over", async () => {
  const ports = new MemoryPorts();
  const calls: unknown[] = [];
  const called = (id: string, number: string, direction = "out") =>
    calls.push({ id, number, direction, state: "ended" });
  const answer = (status: number, body: unknown) => ({ status, body: JSON.stringify(body) });
  await ports.listen("calls:80", async ({ method }) => answer(200, method === "GET" ? { calls } : {}));
  const telephones = new ControlledTelephones(ports, "http://calls", "1-408-5550100");

  called("before", "14085550100");
  const number = await ports.run(telephones.number("answer", 50));
  called("first", "14085550100");
  called("other", "14085550101");
  called("in", "14085550100", "in");
  const once = await ports.run(telephones.calledAgain(number, "first"));
  called("second", "14085550100");
  const twice = await ports.run(telephones.calledAgain(number, "first"));

  expect([once, twice]).toEqual([false, true]);
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

test("an answer goes to the clause of its request, also where the adapter has made the same MsgID", async () => {
  const ports = new MemoryPorts();
  await new ReferenceAdapter(ports).start("adapter:80", "bridge:80");
  const webex = new Webex(ports, optionsFor("adapter:80"));
  const received: string[] = [];
  const owner = (id: string) => ({
    ...{ id, behaviour: () => ({ kind: "confirm" }) as const, notice: () => {}, trace: () => {} },
    receive: ({ name }: { readonly name: string }) => received.push(`${id}: ${name}`),
  });
  const request = { name: "W2A_DropUser", attributes: { MsgID: "12345678901", ExtConfID: "1", ExtCallID: "2" } };
  const naming = { name: "W2A_RspNotifyUserEnter", attributes: { MsgID: "12345678901", ExtCallID: "3" } };
  const answer = { name: "A2W_RspDropUser", attributes: { MsgID: "12345678901", Result: "1" } };

  await ports.run(webex.start());
  await ports.run(webex.post(owner("asks"), 1, [request]));
  await ports.run(webex.post(owner("names"), 1, [naming]));
  const body = writeDocument("1", [answer]);
  await ports.run(ports.send({ method: "POST", url: "http://webex1:80/", body }));

  expect(received).toEqual(["asks: A2W_RspDropUser"]);
});

test("two posts that cannot be read are two posts that are not well formed, and no TransID used twice", async () => {
  const ports = new MemoryPorts();
  const { adapter } = await new ReferenceAdapter(ports).start("adapter:80", "bridge:80");
  const clauses = allClauses.filter(({ id }) => /^(?:4\.1a|T1|T36a)$/.test(id));
  const unreadable = (body: string) => ports.send({ method: "POST", url: "http://webex1:80/", body });
  const playing = run(ports, noTelephones, clauses, optionsFor(adapter));

  const all = Promise.all([playing, unreadable("<a"), unreadable("<TransID>1</TransID> <b"), unreadable("c")]);
  const [results] = await ports.run(all);

  expect(Object.fromEntries(results.map(({ id, outcome }) => [id, outcome]))).toEqual({
    "4.1a": "passed",
    T1: "failed",
    T36a: "passed",
  });
});
