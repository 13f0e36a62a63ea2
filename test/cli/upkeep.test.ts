import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Command } from "commander";
import { afterEach, expect, test, vi } from "vitest";
import { addActions } from "../../cli/operator/actions.ts";
import { addFind } from "../../cli/operator/find.ts";
import { addPeople } from "../../cli/operator/people.ts";
import { addQuestions } from "../../cli/operator/questions.ts";
import { addRecords } from "../../cli/operator/records.ts";
import { addTrouble } from "../../cli/operator/trouble.ts";
import { runningText } from "../../cli/operator/views.ts";
import { showTrouble } from "../../src/operators/trouble-kinds.ts";
import { now, plain } from "./view-examples.ts";

vi.mock("node:timers/promises", async (original) => ({ ...(await original<object>()), setTimeout: async () => {} }));

let server: Server | undefined;

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  process.exitCode = undefined;
  server?.closeAllConnections();
  server?.close();
});

/** What a command prints and complains of, and what it asks an edge that answers so, each path in its order. */
async function bridgehead(answers: Readonly<Record<string, readonly object[]>>, ...args: readonly string[]) {
  const asked: string[] = [];
  const all: Readonly<Record<string, readonly object[]>> = {
    "GET domains": [{ domains: [{ name: "acme" }] }],
    "GET edges": [{ role: "active", acting: null, edges: [] }],
    ...answers,
  };
  server = createServer(async (request, response) => {
    const body = (await request.toArray()).join("");
    const path = decodeURIComponent(request.url ?? "").replace("/api/v1/", "");
    // An action's id is random.
    const name = `${request.method} ${path.replace(/(?<=actions\/)[-\da-f]{36}$/, "ID")}`;
    const whole = body === "" ? name : `${name} ${body}`;
    const key = whole in all ? whole : name;
    const times = asked.filter((one) => one.startsWith(key)).length;
    asked.push(whole);
    const found = all[key];
    const answer = found?.[Math.min(times, found.length - 1)] ?? { status: 404, detail: `there is no ${name}` };
    if ("dies" in answer) return void response.destroy();
    response.writeHead("status" in answer ? Number(answer.status) : 200);
    response.end(JSON.stringify(answer));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  vi.stubEnv("BRIDGEHEAD_URL", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv("OPERATOR_TOKEN", "token");
  let printed = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  let complaints = "";
  vi.spyOn(console, "error").mockImplementation((text) => {
    complaints += `${text}\n`;
  });
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  for (const add of [addQuestions, addFind, addActions, addRecords, addPeople, addTrouble]) add(program);
  await program.parseAsync([...args], { from: "user" });
  vi.restoreAllMocks();
  return { printed, complaints, asked: asked.slice(1), code: process.exitCode ?? 0 };
}

const running = (key: string, more: object = {}) => ({
  key,
  life: 1,
  createdAt: now - 60_000,
  phase: "running",
  webexHost: "http://tsp1.example.com",
  bridge: "main",
  now: { attached: true, locked: false, callers: 2, rooms: 0, trouble: [], documents: 0, oldestDocumentAt: null },
  ...more,
});

/** No other numbers, and no calls that go on. */
const noOthers = { alike: [], inside: [] };

test("a number is erased", async () => {
  const path = "POST domains/acme/records/erasures";
  expect(await bridgehead({ [path]: [{ ...noOthers, erased: 3 }] }, "erase", "+1 408 555 1234")).toEqual({
    printed: "the number is out of 3 places: records, and calls at the prompt\n",
    complaints: "",
    asked: [`${path} {"number":"+1 408 555 1234"}`],
    code: 0,
  });
});

test("a number that no record has ends with exit code 1, and not as if it were erased", async () => {
  const path = "domains/acme/records/erasures";
  const answers = { [`POST ${path}`]: [{ ...noOthers, erased: 0 }] };
  const complaints =
    "no record and no call at the prompt has the number 1408: look at each digit, and at the country code; a call that is up has its record later\n";

  expect(await bridgehead(answers, "erase", "1408")).toMatchObject({ printed: "", complaints, code: 1 });
  const json = await bridgehead(answers, "erase", "1408", "--json");
  expect(json).toMatchObject({ printed: '{"erased":0}\n', complaints, code: 1 });
});

test("a text is looked for in each domain; what is found says what it is and why", async () => {
  const line = {
    what: "not-let-in",
    from: now,
    to: now,
    number: "15552345678",
    attendeeId: "",
    conference: "5",
    call: "p1",
    why: "The conference was locked.",
  };
  const page = { lines: [line], next: null };
  const conferences = [{ key: "555120777", topic: "Berths", state: "running", at: now, by: "name" }];
  const answers = {
    'POST domains/acme/find {"text":"big berths","limit":100}': [{ ...page, conferences }],
    'POST domains/acme/find {"text":"W-17","limit":100}': [
      {
        lines: [],
        next: null,
        journals: { searched: 500, isAll: false },
        conferences: [
          { key: "1", state: "running", at: now, by: "message", row: 12 },
          { key: "2", state: "running", at: now, by: "sub-conference", room: "Pilots" },
        ],
      },
    ],
    'POST domains/acme/find {"text":"14085557001","limit":100}': [{ ...page, conferences: [], people: "masked" }],
    'POST domains/acme/find {"text":"52491001201","limit":100}': [
      { lines: [], conferences: [], next: null, journals: { searched: 0, isAll: false } },
    ],
    'POST domains/acme/find {"text":"52491001201","limit":100,"journals":1}': [
      { lines: [], conferences: [], next: null, journals: { searched: 9, isAll: true }, isCut: true },
    ],
    'POST domains/acme/find {"text":"nobody","limit":100}': [{ lines: [], conferences: [], next: null }],
    'POST domains/acme/numbers {"number":"555-234-5678","limit":100}': [{ ...page, next: "7-0" }],
  };

  const found = await bridgehead(answers, "find", "big", "berths");
  expect(found).toMatchObject({ complaints: "", code: 0 });
  expect((await bridgehead(answers, "find", "14085557001")).complaints).toContain("others may fit as well");
  expect(found.printed).toMatch(/555120777 +running +Berths +name/);
  expect(found.printed).toMatch(/not let in +5 +15552345678 +The conference was locked\./);
  const message = await bridgehead(answers, "find", "W-17");
  expect(message.printed).toMatch(/1 +running +message, row 12 .*\n2 +running +sub-conference Pilots /);
  expect(message.complaints).toContain("Only the journals of the latest 500 conferences were searched");
  expect((await bridgehead(answers, "find", "52491001201")).complaints).toContain("find TEXT --journals");
  const { complaints } = await bridgehead(answers, "find", "52491001201", "--journals");
  expect(complaints).toMatch(/^Not all conferences that run.*\n$/);
  const number = await bridgehead(answers, "number", "555-234-5678");
  expect(number.printed).toMatch(/not let in +5 +15552345678/);
  expect(number.complaints).toContain("there is more than these 100");
  expect(await bridgehead(answers, "find", "nobody")).toMatchObject({
    printed: expect.stringMatching(/^Nothing found\. Check the digits[\s\S]*It also finds calls that ring now\./),
    code: 1,
  });
});

test("a bridge without an agent is not said to be away", async () => {
  const health = { bridgeUp: false, portsInUse: null, ports: null };
  const agent = { agent: "agent-1", role: "active", lastSeen: now, health };
  const bridges = { none: [], gone: [{ ...agent, lastSeen: null }], away: [agent] };
  const of = { drainedSince: null, load: null };
  const answers = {
    "GET domains/acme/figures": [{ figures: [] }],
    "GET domains/acme/agents": [
      { bridges: Object.entries(bridges).map(([bridge, agents]) => ({ ...of, bridge, agents })) },
    ],
    "GET domains/acme/trouble": [{ trouble: [], unknown: [] }],
  };
  const lines = (await bridgehead(answers, "status")).printed.split("\n").filter((line) => line.includes("bridge"));
  expect(lines).toEqual(["  bridge none: no agent", "  bridge gone: no agent", "  bridge away: away"]);
});

test("reports nothing as well while somebody has not answered", async () => {
  const trouble = (unknown: object) => ({ "GET domains/acme/trouble": [{ trouble: [], ...unknown }] });
  const says =
    "It is not known yet whether documents wait for WebEx, or for the back end; the clock of the edge was set.\n";
  const found = await bridgehead(trouble({ unknown: ["posts-wait", "clock-jumped"] }), "trouble");
  expect(found).toMatchObject({ printed: "nothing is known to be wrong\n", complaints: says, code: 0 });
});

test.each([
  ["trouble", [], " --domain acme"],
  ["trouble", ["--domain", "acme"], " --domain acme"],
  ["status", [], " --domain acme"],
  ["trouble", [], ""],
])("%s %j prints commands that run as they are", async (command, options, named) => {
  const one = showTrouble({ kind: "no-agent", since: null }, "acme", "main");
  const all = named === "" ? [{ name: "acme" }] : [{ name: "acme" }, { name: "beta" }];
  const answers = {
    "GET domains": [{ domains: all }],
    "GET domains/acme/trouble": [{ trouble: [one], unknown: [] }],
    "GET domains/beta/trouble": [{ trouble: [], unknown: [] }],
    "GET domains/acme/figures": [{ figures: [] }],
    "GET domains/beta/figures": [{ figures: [] }],
    "GET domains/acme/agents": [{ bridges: [] }],
    "GET domains/beta/agents": [{ bridges: [] }],
  };
  const { printed } = await bridgehead(answers, command, ...options);
  expect(printed).toContain(`  bridgehead acknowledge${named} no-agent:main "…"\n`);
});

test("calls at the prompt are listed of all numbers, also where none is kept", async () => {
  const end = { at: now, why: "stopped-keying", digits: 7 };
  const call = { id: 1, bridge: "main", call: "p1", number: "", dialled: "", at: now, steps: [], end };
  const answers = {
    'POST domains/acme/prompt-calls {"limit":100}': [{ calls: [call], next: "1" }],
  };

  const { printed, complaints, code } = await bridgehead(answers, "prompt-calls");
  expect([printed, code]).toEqual([expect.stringMatching(/not let in +no conference +withheld +.*7 digits/), 0]);
  expect(complaints).toBe("there are more than these 100 of a domain\n");
});

test("what happened in several domains is one list, those of now first and then the latest", async () => {
  const line = (call: string, from: number | null, to: number | null, what = "left") => {
    return { what, from, to, number: "15552345678", attendeeId: "", conference: "5", call, why: "" };
  };
  const lines = {
    acme: [line("c1", now - 9_000, null, "inside"), line("c2", now - 9_000, now - 5_000)],
    bell: [
      line("c3", null, null, "being-called"),
      line("c4", now - 8_000, now - 1_000),
      line("c5", now - 9_000, now - 7_000),
    ],
  };
  const end = (at: number) => ({ at, why: "stopped-keying", digits: 7 });
  const call = (call: string, to: number) => {
    return {
      id: 1,
      bridge: "main",
      call,
      number: "15552345678",
      dialled: "",
      at: now - 9_000,
      steps: [],
      end: end(to),
    };
  };
  const answers = {
    "GET domains": [{ domains: [{ name: "acme" }, { name: "bell" }] }],
    ...Object.fromEntries(
      Object.entries(lines).flatMap(([domain, lines]) => [
        [`POST domains/${domain}/numbers {"number":"5552345678","limit":100}`, [{ lines, next: null }]],
        [`POST domains/${domain}/find {"text":"5552345678","limit":100}`, [{ lines, conferences: [], next: null }]],
      ]),
    ),
    'POST domains/acme/prompt-calls {"number":"5552345678","limit":1000}': [
      { calls: [call("p1", now - 2_000)], next: null },
    ],
    'POST domains/bell/prompt-calls {"number":"5552345678","limit":1000}': [
      { calls: [call("p2", now - 1_000)], next: null },
    ],
  };
  const callsIn = async (...args: readonly string[]) =>
    (await bridgehead(answers, ...args)).printed.match(/\b[cp]\d\b/g);

  expect(await callsIn("number", "5552345678")).toEqual(["c1", "c3", "c4", "c2", "c5"]);
  expect(await callsIn("find", "5552345678")).toEqual(["c1", "c3", "c4", "c2", "c5"]);
  expect(await callsIn("prompt-calls", "--number", "5552345678")).toEqual(["p2", "p1"]);
});

test("an erasure takes the number as it is typed alone, and names those that a search finds by it", async () => {
  const path = "domains/acme/records/erasures";
  const alike = ["15552345678"];
  const says = "records have 15552345678: erase each that is meant, as it stands here\n";

  const some = { [`POST ${path}`]: [{ ...noOthers, erased: 1, alike }] };
  expect(await bridgehead(some, "erase", "5552345678")).toMatchObject({
    printed: "the number is out of 1 place: records, and calls at the prompt\n",
    complaints: `of numbers like it, ${says}`,
    code: 0,
  });
  expect((await bridgehead(some, "erase", "5552345678", "--json")).printed).toBe(
    '{"erased":1,"alike":["15552345678"]}\n',
  );
  const none = { [`POST ${path}`]: [{ ...noOthers, erased: 0, alike }] };

  expect(await bridgehead(none, "erase", "555-234-5678")).toMatchObject({
    printed: "",
    complaints: `no record and no call at the prompt has the number 555-234-5678: ${says}`,
    code: 1,
  });
});

test.each([
  [1, "", 0],
  [0, "no record and no call at the prompt has the number 15552345678: there is none yet\n", 1],
])(
  "an erasure says where calls with the number are up, whose records will have it (%i found)",
  async (erased, none, code) => {
    const answers = { "POST domains/acme/records/erasures": [{ erased, alike: [], inside: ["5", "6"] }] };
    const says = "calls in 5, 6 have it now, and so will their records: erase it again once they are over\n";
    expect(await bridgehead(answers, "erase", "15552345678")).toMatchObject({ complaints: says + none, code });
    expect((await bridgehead(answers, "erase", "15552345678", "--json")).printed).toBe(
      `{"erased":${erased},"inside":["5","6"]}\n`,
    );
  },
);

test("the conferences that run come from the directories, in pages, the latest first", async () => {
  const path = "POST domains/acme/running-conferences {}";
  const next = 'POST domains/acme/running-conferences {"cursor":"1"}';
  const answers = {
    [path]: [{ conferences: [running("1")], next: "1" }],
    [next]: [{ conferences: [running("2", { createdAt: now })], next: null }],
  };
  const { printed, asked } = await bridgehead(answers, "conferences");

  expect(printed.match(/^\d+/gm)).toEqual(["2", "1"]);
  expect(asked).toEqual([path, next]);
});

test("running conferences are found by who is in them; programs get all of each", async () => {
  const path = 'POST domains/acme/running-conferences {"number":"+14085551234"}';
  const answers = {
    [path]: [{ conferences: [running("1")], next: null }],
    "GET domains/acme/conferences/1": [{ key: "1", callers: [{ call: "c1" }] }],
  };

  expect((await bridgehead(answers, "conferences", "--number", "+14085551234")).printed).toMatch(/^1 /m);
  const { printed, asked } = await bridgehead(answers, "conferences", "--number", "+14085551234", "--json");
  expect(JSON.parse(printed)).toEqual([{ key: "1", callers: [{ call: "c1" }], domain: "acme" }]);
  expect(asked).toEqual([path, "GET domains/acme/conferences/1"]);
});

test("explain with a call and without --why is the timeline of that call alone", async () => {
  const path = "GET domains/acme/conferences/1";
  const line = (seq: number, call: string) => {
    return { seq, at: now + seq, from: "bridge", to: "edge", what: "caller-muted", facts: { call } };
  };
  const answers = {
    [path]: [{ key: "1", phase: "ended", callers: [], callOuts: [], host: "", extConfId: "7", attached: true }],
    [`${path}/story`]: [{ lines: [line(1, "c1"), line(2, "c2")] }],
    "GET domains/acme/agents": [{ bridges: [] }],
  };
  const { printed } = await bridgehead(answers, "explain", "1", "--call", "c2", "--json");
  expect(JSON.parse(printed).lines.map(({ seq }: { seq: number }) => seq)).toEqual([2]);
  expect((await bridgehead(answers, "explain", "1", "--call", "c9")).complaints).toContain(
    "has no call with the id or number c9",
  );
});

test.each([
  [{ conferences: 0, unanswered: [] }, 0, "No conference has a document for tsp1.\n"],
  [
    { conferences: 2, unanswered: [] },
    0,
    'Asked 2 conferences to probe tsp1. "bridgehead servers" shows what still waits.\n',
  ],
  [{ conferences: 2, unanswered: ["555"] }, 1, "Not answered: 555. Run the command again."],
])("resyncs a server: %j", async (answer, exitCode, text) => {
  const path = "POST domains/acme/servers/resync";
  const found = await bridgehead({ [path]: [{ server: "tsp1", ...answer }] }, "resync-server", "tsp1");
  expect(found).toMatchObject({ asked: [`${path} {"server":"tsp1"}`], code: exitCode });
  expect(found.printed).toContain(text);
});

test("a call that a conference never had is no call of which nothing needs an explanation", async () => {
  const path = "GET domains/acme/conferences/1";
  const explain = "POST domains/acme/conferences/1/explain";
  const answers = {
    [path]: [{ key: "1", phase: "running", callers: [], callOuts: [], host: "", extConfId: "7", attached: true }],
    [`${explain} {"call":"nope"}`]: [{ answers: [] }],
    [`${explain} {"call":"c1"}`]: [{ answers: [] }],
    [`${path}/story`]: [{ lines: [{ facts: { call: "c1" } }] }],
  };
  const unknown = await bridgehead(answers, "explain", "1", "--why", "--call", "nope");
  expect([unknown.complaints, unknown.code]).toEqual([
    "the conference 1 has no call with the id or number nope, and had none; `bridgehead explain 1` names them\n",
    1,
  ]);
  process.exitCode = 0;
  expect((await bridgehead(answers, "explain", "1", "--why", "--call", "c1")).printed).toContain("nothing needs");
});

test("an action whose edge dies meanwhile is named, so that its way can be asked for", async () => {
  const path = "domains/acme/conferences/1";
  const answers = {
    [`GET ${path}`]: [{ key: "1", callers: [], callOuts: [] }],
    [`POST ${path}/actions`]: [{ dies: true }],
  };
  const { complaints, code } = await bridgehead(answers, "lock", "1");
  expect(complaints).toMatch(/nobody knows how far the action is: its Idempotency-Key is [-\da-f]{36}\n$/);
  expect(code).toBe(1);
});

test("a server is listed with its last failure of the hour", async () => {
  const host = "tsp1.example.com";
  const minute = (at: number, lastFailure: object | null) => ({
    hosts: [{ host, lastFailure: lastFailure && { at, ...lastFailure } }],
  });
  const minutes = [
    minute(now - 90_000, { why: "refused" }),
    minute(now - 40_000, { why: "HTTP status 500" }),
    minute(now, null),
  ];
  const server = {
    host,
    conferences: 1,
    documents: 1,
    oldestDocumentAt: now,
    failure: "HTTP status 500",
    troubled: [],
  };
  const answers = { "GET domains/acme/activity": [{ minutes, hosts: [server] }] };
  expect((await bridgehead(answers, "servers")).printed).toMatch(/HTTP status 500, .* ago/);
});

test("servers are listed with what is not known of them", async () => {
  const answers = { "GET domains/acme/activity": [{ minutes: [], hosts: [], missing: ["the mailbox"] }] };
  expect((await bridgehead(answers, "servers")).complaints).toContain("not known: what waits in the mailbox\n");
});

test.each([
  [{ transIds: ["1"], confirmedAt: now }, 0],
  [{ notYetBecause: "WebEx has given this call no name yet", since: now }, 1],
  [{ notBecause: "nothing changed" }, 0],
  [{ notBecause: "it was given up", isGivenUp: true }, 1],
])("an action of which WebEx is told %j ends with %i", async (told, code) => {
  const path = "domains/acme/conferences/1";
  const done = { result: { type: "done", at: now }, asked: now, onDisk: { seq: 1, at: now }, person: "anna", sent: [] };
  const answers = {
    [`GET ${path}`]: [{ key: "1", callers: [], callOuts: [] }],
    [`POST ${path}/actions`]: [{ status: 202 }],
    [`GET ${path}/actions/ID`]: [{ ...done, request: { type: "lock" }, told }],
  };
  expect((await bridgehead(answers, "lock", "1")).code).toBe(code);
});

test("to sign out somebody who is not signed in says so", async () => {
  const answers = (ended: number) => ({ "DELETE people/boris/sessions": [{ ended }] });
  const nobody = await bridgehead(answers(0), "sign-out", "boris");
  expect(nobody.printed).toBe("nobody of the name boris was signed in\n");
  expect((await bridgehead(answers(2), "sign-out", "boris")).printed).toBe("ended 2 sessions of boris\n");
});

test("who may not end the sessions of others is told so in a line", async () => {
  const answers = { "DELETE people/boris/sessions": [{ status: 403, detail: "You may end your own sessions." }] };
  const { complaints, code } = await bridgehead(answers, "sign-out", "boris");
  expect([complaints, code]).toEqual(["refused (403): You may end your own sessions.\n", 1]);
});

test("who looks for people among those that are over is told where to look", async () => {
  const { complaints, asked, code } = await bridgehead({}, "conferences", "--all", "--number", "1");

  expect([complaints, asked, code]).toEqual([expect.stringContaining("`bridgehead records` finds"), [], 1]);
});

test("running conferences are a line each, with what has failed or is late", () => {
  const list = [
    { domain: "acme", ...running("555120777", { topic: "Berths", away: true }) },
    {
      domain: "acme",
      ...running("555120888", { now: { ...running("").now, trouble: ["posts", "commands"], documents: 3 } }),
    },
    { domain: "acme", ...running("555120666", { phase: "creating" }) },
  ] as never;

  expect(runningText(list, now, { ...plain, width: 120 })).toEqual([
    "CONFERENCE  STATE     TOPIC   CALLERS  BRIDGE  TSP SERVER        WAITING          SINCE",
    "555120777   running   Berths  about 2  main    tsp1.example.com                   1 min 0 s ago",
    "555120888   running           2        main    tsp1.example.com  late cmd, 3 doc  1 min 0 s ago",
    "555120666   creating          2        main    tsp1.example.com                   1 min 0 s ago",
  ]);
});
