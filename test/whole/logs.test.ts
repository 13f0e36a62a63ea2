import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, request as requestTo } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { LocalRun } from "../../scripts/local-run.ts";
import { postDocument } from "../../simulators/webex/client.ts";
import { WebexServer } from "../../simulators/webex/server.ts";
import type { ExtCallId } from "../../src/foundation/ids.ts";
import { bridgehead } from "../bridgehead-command.ts";
import { BrowserCookies } from "../http/browser-cookies.ts";
import { BridgeControl } from "../kit/bridge-control.ts";
import { eventually, kill, Meeting, type World } from "./world.ts";

/** What lets somebody in, or speaks for somebody: nobody may read it anywhere. */
const secrets = {
  adapterSecret: "sEcReT-of-the-adapter",
  subscriberCode: "61617101",
  participantCode: "61617102",
  anonymousId: "61614711",
  hybridToken: "61610001",
  connectData: "61610002",
  clientData: "61610003",
  sequence: "P1D61610004#P0",
  partner: "61610005",
  wrongSecret: "a-guess-of-61610006",
  viewersToken: "viewer-61610007-viewer-61610007",
  wrongToken: "guess-61610008-guess-61610008",
};

const people = {
  caller: "14085550101",
  host: "14085550102",
  guesser: "14085550103",
  refused: "14085550104",
  called: "14085550177",
  busy: "14085550178",
  attendee: "5252101",
  name: "Meeting 1 of Ann Smith",
  webexId: "ann.smith@example.com",
};

/** As an address would have them. */
const encoded = {
  name: encodeURIComponent(people.name),
  asForm: String(new URLSearchParams([["", people.name]])).slice(1),
};

/** Fields of forms that are no person's: an address may have them. */
const namesOfThings: ReadonlySet<string> = new Set([
  "begins",
  "conference",
  "since",
  "until",
  "bridge",
  "webexHost",
  "endedBy",
  "status",
  "kind",
  "side",
  "row",
]);

/** Names of pages, which lead in: no log and no metric has them. */
let key = "";
/** Of the agent that has dialled and admitted: the next one begins to count anew. */
let countedByAgent = "";
/** Of the edge that has refused documents, before a kill takes what it has not yet handed over. */
let countedByEdge = "";

let run: LocalRun;
let world: World;
let meeting: Meeting;

beforeAll(async () => {
  const viewer = { name: "Vera", role: "viewer", domains: ["*"] };
  const tokenSha256 = createHash("sha256").update(secrets.viewersToken).digest("hex");
  vi.stubEnv("OPERATORS", JSON.stringify({ people: [{ ...viewer, tokenSha256 }] }));
  run = await LocalRun.start({
    domain: {
      adapterSecrets: [secrets.adapterSecret],
      recordsPersonal: "masked",
      logs: { posts: true },
      webex: { hosts: ["127.0.0.1"], timeoutMs: 500, retryDelaysMs: [0, 100] },
      hybrid: { clientUrl: `http://127.0.0.1/?${secrets.partner}`, connectData: secrets.connectData },
      recording: { number: { country: "1", area: "408", local: "7654321" }, sequence: secrets.sequence },
      passthroughUrl: `http://127.0.0.1:9/?${secrets.partner}`,
      policy: { allow: ["+1408"], deny: ["+1408555019"] },
    },
  });
  const webex = new WebexServer({ adapterUrl: `${run.adapterUrl}/${secrets.adapterSecret}`, serverId: 77 });
  await webex.start();
  const stop = () => webex.stop().then(() => run.stop());
  world = { run, webex, bridge: new BridgeControl(run.bridgeUrl), stop };
  await liveThroughAnEvening();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await world?.stop();
});

/** All that puts a secret or a number near a line of a log. */
async function liveThroughAnEvening(): Promise<void> {
  const { webex, bridge } = world;
  meeting = new Meeting(world);
  key = meeting.confKey;
  const create = {
    ...meeting.createRequest(),
    anonymousId: secrets.anonymousId,
    hybridToken: secrets.hybridToken,
    subscriberCode: secrets.subscriberCode,
    participantCode: secrets.participantCode,
    conferenceName: people.name,
    hostWebexId: people.webexId,
  };
  await meeting.ask(create);
  await meeting.answerTo(create.msgId, "ok");

  // Callers who key codes, the wrong ones, and a secret as a name.
  const caller = await bridge.callIn(people.caller, `${secrets.participantCode}#${people.attendee}#`);
  await bridge.callIn(people.host, `${secrets.subscriberCode}#${secrets.anonymousId}#`);
  await bridge.callIn(people.guesser, `${secrets.hybridToken}#${people.attendee}#${secrets.wrongSecret.slice(-8)}#`);
  await meeting.notified("caller-entered", { attendeeId: people.attendee });
  const named = await webex.extCallIdOf(meeting.extConfId, people.attendee);
  await bridge.press(caller, `*6*1${people.attendee}#*1${secrets.participantCode}#`);
  await eventually("the agent hangs up on who guesses", async () => logs().includes("caller-hung-up-on"));
  const late = await bridge.callIn(people.guesser, `${secrets.hybridToken}#`);
  await eventually("a caller has keyed it", async () => (await bridge.state()).calls.some(({ id }) => id === late));
  await bridge.hangUp(late);

  // Call-outs that are answered, busy, denied, and of no number.
  await bridge.answersWith(people.busy, "busy");
  for (const [index, number] of [people.called, people.busy, "14085550199"].entries()) {
    const request = meeting.callOutRequest(`9${index}`, number.slice(4));
    await meeting.ask(request);
    await webex.waitFor("its answer", (message) => message.msgId === request.msgId && "result" in message);
  }

  // Data of clients, and a partner who does not listen.
  const passthrough = { type: "passthrough", msgId: meeting.msgId(), extCallId: named as ExtCallId } as const;
  await meeting.ask({ ...passthrough, data: secrets.clientData, ...meeting.handles });

  // Documents that are refused, each for another reason.
  const adapter = `${run.adapterUrl}/${secrets.adapterSecret}`;
  const { subscriberCode, participantCode, anonymousId } = secrets;
  const codes = `SubscriberCode="${subscriberCode}" ParticipantCode="${participantCode}" AnonymousID="${anonymousId}" ConfName="${people.name}"`;
  const phone = `<PhoneNum><CountryCode>1</CountryCode><LocalNumber>${people.called}</LocalNumber></PhoneNum>`;
  const common = `MsgID="m1" WbxHostName="${webex.host}" ExtConfID="${meeting.extConfId}" ConfKey="${key}"`;
  const refused = [
    `<W2A_CreateConference ${common} MaxNumOfCallers="${people.caller}" ${codes}/>`,
    `<W2A_CreateConference ${common} ConfKey="${key}" ${codes}/>`,
    `<W2A_CreateConference ${common.replace(key, `${key}%${participantCode}`)} ${codes}/>`,
    `<W2A_CreateConference ${common.replace(webex.host, `user:${participantCode}@evil.example?code=${participantCode}`)} ${codes}/>`,
    `<W2A_CreateConference ${common.replace(webex.host, "evil.example:80")} ${codes}/>`,
    `<W2A_CreateConference ${common.replace("m1", people.caller.repeat(4))} ${codes}/>`,
    `<W2A_SomethingElse ${common} ${codes}>${phone}</W2A_SomethingElse>`,
    `<W2A_Callout ${common} ExtCallID="5" Privilege="${people.caller}x">${phone}</W2A_Callout>`,
    `<W2A_Callout ${common} ExtCallID="5" AttendeeID="${people.attendee}" Privilege="0">${phone}${phone}</W2A_Callout>`,
    `<W2A_CreateConference ${common} ${codes} &${participantCode};/>`,
  ];
  const documents = [
    ...refused.map((one, index) => `<WbxTSPSchema><TransID>refused-${index}</TransID>${one}</WbxTSPSchema>`),
    `${participantCode} ${people.caller} is no XML`,
  ];
  let confirmedAsRefused = 0;
  for (const document of documents) {
    const { body } = await postDocument(adapter, document);
    if (/Result="-/.test(body.toString())) confirmedAsRefused += 1;
  }

  // Strangers who guess.
  await postDocument(`${run.adapterUrl}/${secrets.wrongSecret}`, "<a/>");
  await fetch(`${run.edgeUrl}/api/v1/domains?token=${secrets.wrongToken}`, bearer(secrets.wrongToken));
  await fetch(`${run.edgeUrl}/console/sign-in`, {
    method: "POST",
    body: new URLSearchParams({ token: secrets.wrongToken }),
  });

  // A bridge that refuses, is down, and is back; WebEx that does not listen; an agent and an edge that die.
  await bridge.faults({ refuse: ["mute", "admit"] });
  await meeting.ask(meeting.muteRequest(named, true));
  await bridge.callIn(people.refused, `${key}#${people.attendee}#`);
  await eventually("the refused caller is hung up on", async () =>
    (await bridge.state()).calls.some(({ number, state }) => number === people.refused && state === "ended"),
  );
  await bridge.faults({ down: true });
  await eventually("the agent misses its bridge", async () => logs().includes("bridge-disconnected"));
  await bridge.faults({});
  webex.answerMode = { type: "break-off" };
  await bridge.hangUp(caller);
  await eventually("posts to WebEx fail", async () => /"post-failed".*"http:\/\/127/.test(logs()));
  webex.answerMode = { type: "confirm" };
  countedByAgent = await textOf(`${run.agentUrl}/metrics`);
  await eventually(
    "the edge has handed over each refusal that it counted",
    async () => {
      countedByEdge = await textOf(`${run.edgeUrl}/metrics`, run.operatorToken());
      return refusalsIn(countedByEdge) === confirmedAsRefused;
    },
    40_000,
  );
  await kill(world, "edge", "agent");
  await eventually("all is back", async () => (await fetch(`${run.edgeUrl}/readyz`)).status === 200, 20_000);
  await meeting.close();
}

/** How many documents an edge's metrics count as refused. */
function refusalsIn(metrics: string): number {
  const counts = metrics.matchAll(/^bridgehead_documents_total\{.*result="(?!ok").*\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

function bearer(token: string): RequestInit {
  return { headers: { authorization: `Bearer ${token}` } };
}

/** All that edge and agent have written. */
function logs(): string {
  const files = ["edge", "agent"].map((part) => readFileSync(join(run.state, "logs", `${part}.log`), "utf8"));
  return files.join("\n");
}

/** The lines, or other parts of a text, that have one of these. */
function leaks(texts: Iterable<string>, values: object): readonly string[] {
  const found = [...texts].flatMap((text) =>
    Object.entries(values).flatMap(([name, value]) => {
      const at = text.indexOf(value);
      return at < 0 ? [] : [`${name}: ${text.slice(Math.max(0, at - 150), at + 100)}`];
    }),
  );
  return found;
}

test("no line of a log has a secret, a number, a name or a conference's key", () => {
  const lines = logs().split("\n");

  expect(lines.length).toBeGreaterThan(50);
  for (const event of [
    "document-refused",
    "host-refused",
    "wrong-keys",
    "call-out-denied",
    "call-turned-away",
    "post-given-up",
  ])
    expect(
      lines.some((line) => line.includes(event)),
      event,
    ).toBe(true);
  expect(leaks(lines, { ...secrets, ...people, key })).toEqual([]);
});

test("no metric of edge and agent has one, and neither has what the agent says of itself", async () => {
  const texts = [
    countedByAgent,
    countedByEdge,
    await textOf(`${run.edgeUrl}/metrics`, run.operatorToken()),
    ...(await Promise.all(["metrics", "status", "readyz", "healthz"].map((path) => textOf(`${run.agentUrl}/${path}`)))),
    await textOf(`${run.edgeUrl}/readyz`),
    await textOf(`${run.edgeUrl}/readyz`, run.operatorToken()),
  ];

  expect(countedByAgent).toMatch(/bridgehead_agent_command_seconds_count.* [1-9]/);
  expect(refusalsIn(countedByEdge)).toBeGreaterThan(5);
  expect(leaks(texts.join("\n").split("\n"), { ...secrets, ...people, key })).toEqual([]);
});

async function textOf(url: string, token?: string): Promise<string> {
  const answer = await fetch(url, token === undefined ? {} : bearer(token));
  return answer.text();
}

test("no answer of the API to a viewer has a secret, nor, where they are masked, a number or an attendee ID", async () => {
  const api = `${run.edgeUrl}/api/v1`;
  const { paths } = JSON.parse(await textOf(`${api}/openapi.json`, secrets.viewersToken));
  const places: Readonly<Record<string, string>> = { domain: "local", confKey: key, bridge: "simulated" };
  const wanted = Object.entries<object>(paths).flatMap(([path, methods]) => ("get" in methods ? [path] : []));
  const filled = wanted.map((path) => path.replaceAll(/\{(\w+)\}/g, (all, name: string) => places[name] ?? all));
  const asked = [
    ...filled.filter((path) => !path.includes("{") && !/openapi|events/.test(path)),
    `/domains/local/conferences`,
  ];
  const answers = await Promise.all(
    asked.map(async (path) => {
      const base = path.startsWith("/api/") ? run.edgeUrl : api;
      return `${path} ${await textOf(`${base}${path}`, secrets.viewersToken)}`;
    }),
  );
  const questions = Object.entries({
    find: { text: people.caller },
    numbers: { number: people.caller },
    "prompt-calls": { number: people.caller },
    "running-conferences": { number: people.caller },
    records: { attendeeId: people.attendee, format: "csv" },
  });
  const found = questions.map(async ([question, fields]) => {
    const init = { ...bearer(secrets.viewersToken), method: "POST", body: JSON.stringify(fields) };
    return `${question} ${await (await fetch(`${api}/domains/local/${question}`, init)).text()}`;
  });
  const said = [...answers, ...(await Promise.all(found))];

  expect(asked.length + questions.length).toBeGreaterThan(20);
  expect(said.join()).toContain("caller-entered");
  expect(leaks(said, { ...secrets, ...people })).toEqual([]);
});

test("no page of the console, and no address in one, has a secret or a number", async () => {
  const todo = ["/console"];
  const seen = new Map<string, string>();
  for (let path = todo.shift(); path !== undefined && seen.size < 60; path = todo.shift()) {
    const page = await textOf(`${run.edgeUrl}${path}`, secrets.viewersToken);
    seen.set(path, page);
    for (const [, link = ""] of page.matchAll(/(?:href|action|src)="(\/console[^"#]*)/g)) {
      const plain = link.replaceAll("&amp;", "&");
      if (!seen.has(plain) && !todo.includes(plain)) todo.push(plain);
    }
  }

  expect(seen.size).toBeGreaterThan(15);
  expect([...seen.keys()].some((path) => path.includes(key))).toBe(true);
  expect(leaks([...seen.keys(), ...seen.values()], { ...secrets, ...people })).toEqual([]);
});

/** A proxy in front of the edge that logs what proxies do: each address that is asked for, and from which page. */
async function loggingProxy(): Promise<{ readonly url: string; readonly logged: string[]; stop(): void }> {
  const logged: string[] = [];
  const server = createServer(async (request, response) => {
    const { method = "GET", url = "", headers } = request;
    logged.push(`${method} ${url} ${headers.referer ?? ""}`);
    const way = { host: new URL(run.edgeUrl).hostname, port: new URL(run.edgeUrl).port, path: url, method, headers };
    const forwarded = requestTo(way, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(forwarded);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url, logged, stop };
}

test("no address that the command asks for has a number or a name, so that no proxy's log has one", async () => {
  const proxy = await loggingProxy();
  onTestFinished(proxy.stop);
  const env = { BRIDGEHEAD_URL: proxy.url, OPERATOR_TOKEN: secrets.viewersToken };
  const { caller, attendee, name } = people;
  const commands = [
    ...[caller, name].map((text) => ["find", text]),
    ["records", "--number", caller],
    ["records", "--attendee-id", attendee],
    ["records", "--csv", "--number", caller],
    ["explain", key, "--why", "--call", caller],
    ["erase", caller, "--yes"],
  ];
  for (const args of commands) await bridgehead(args, env);

  expect(leaks(proxy.logged, { ...secrets, ...people, ...encoded })).toEqual([]);
  // All but the timeline, which the command filters itself.
  expect(proxy.logged.filter((line) => line.startsWith("POST")).length).toBeGreaterThanOrEqual(commands.length - 1);
});

test("no address to which the console's forms lead has what was typed into them", async () => {
  const proxy = await loggingProxy();
  onTestFinished(proxy.stop);
  const cookies = new BrowserCookies();
  /** As a browser does: where an answer leads, it goes, and says from which page. */
  const go = async (path: string, referer: string, fields?: URLSearchParams): Promise<string> => {
    const headers = { accept: "text/html", "sec-fetch-site": "same-origin", cookie: cookies.for(path), referer };
    const form = fields && { method: "POST", body: fields };
    const answer = await fetch(`${proxy.url}${path}`, { ...form, headers, redirect: "manual" });
    cookies.keep(answer);
    const to = answer.headers.get("location");
    return to === null ? answer.text() : go(to, referer);
  };
  await go("/console/sign-in", "", new URLSearchParams({ token: secrets.viewersToken }));
  const local = "/console/local";
  const lists = ["", "/conferences", "/records?kind=call", "/find", "/prompt-calls", "/servers"];
  const tabs = ["", "/timeline"].map((tab) => `/conferences/${key}${tab}`);
  const filled: string[] = [];
  for (const page of [...lists, ...tabs]) {
    const seen = await go(local + page, "");
    for (const [form, action = ""] of seen.matchAll(/<form [^>]*action="([^"]*)"[\s\S]*?<\/form>/g)) {
      const names = Array.from(form.matchAll(/<(?:input|select)(?=[^>]* name="(\w+)")/g), ([, name = ""]) => name);
      const typed = names.filter((name) => !namesOfThings.has(name));
      if (typed.length === 0) continue;
      const fields = new URLSearchParams(
        Array.from(form.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g), ([, name = "", value = ""]) => [
          name,
          value,
        ]),
      );
      for (const name of typed) fields.set(name, name === "attendeeId" ? people.attendee : people.caller);
      const isPost = form.includes('method="post"');
      await (isPost ? go(action, local + page, fields) : go(`${action}?${fields}`, local + page));
      filled.push(action);
    }
  }

  const ofConference = [`${local}/conferences/${key}/timeline`];
  const forms = [
    ...["find", "conferences", "records", "records/export"].map((page) => `${local}/${page}`),
    ...ofConference,
  ];
  expect([...new Set(filled)].sort()).toEqual(forms.sort());
  expect(proxy.logged.length).toBeGreaterThan(filled.length);
  expect(leaks(proxy.logged, { ...secrets, ...people })).toEqual([]);
});
