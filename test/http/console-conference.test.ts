import { expect, test } from "vitest";
import { sha256 } from "../../src/foundation/secrets.ts";
import { aCaller, snapshot } from "../builders.ts";
import { aBatch } from "../durable-objects/a-batch.ts";
import { ConferenceWorld, callerLeft, confKey, extConfId, muteCaller } from "../durable-objects/conference-world.ts";
import { aCallRecord } from "../records/a-record.ts";
import { windowOf } from "./console-window.ts";
import { FakeEdge, token } from "./fake-edge.ts";
import { realConference } from "./real-conference.ts";

const tokens = { anna: "token-of-anna", boris: "token-of-boris" };
const people = [
  { name: "anna", tokenSha256: await sha256(tokens.anna), role: "viewer" as const, domains: ["local"] },
  { name: "boris", tokenSha256: await sha256(tokens.boris), role: "operator" as const, domains: ["local"] },
];
const page = `/console/local/conferences/${confKey}`;

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly to: string;
}

/** A conference with so many callers that really runs behind the edge, and somebody who is signed in. */
async function there(who: keyof typeof tokens = "boris", callers = 2, held?: ConferenceWorld) {
  const world = held ?? (await ConferenceWorld.running(callers));
  const edge = new FakeEdge(token, {}, { people }, ["other"]);
  await edge.held(extConfId, confKey);
  edge.time = world.time.now;
  edge.real.set(confKey, realConference(world));
  const window = await windowOf(edge, tokens[who]);
  const ask = async (path: string, fields?: Readonly<Record<string, string>>): Promise<Answer> => {
    const response = await window.ask(path, fields);
    return { status: response.status, text: await response.text(), to: response.headers.get("location") ?? "" };
  };
  return {
    world,
    edge,
    get: (path: string) => ask(path),
    post: (fields: Readonly<Record<string, string>>) => ask(`${page}/actions`, fields),
    find: (find: string) => ask(page, { find }),
    lookAt: (tab: string, fields: Readonly<Record<string, string>>) => ask(`${page}/${tab}`, fields),
  };
}

/** The mark of the forms on a page. */
const markOf = ({ text }: Answer) => /name="mark" value="(\w+)"/.exec(text)?.[1] ?? "";

test("a mute by a form is done on the bridge, and the page it leads to shows its way", async () => {
  const { world, get, post } = await there();
  const first = await get(page);
  const asked = await post({ type: "mute", call: "c0", mark: markOf(first) });
  expect([asked.status, asked.to.replace(/=.*/, "")]).toEqual([303, `${page}?action`]);
  const waits = await get(asked.to);
  expect(waits.text).toContain(
    '<li class="waits" aria-atomic="true"><span class="dot" role="img" aria-label="waits"></span><b>Done on',
  );
  await world.allDone();

  // WebEx's Confirmation is seen as it comes, though it is written with the next row.
  const done = await get(asked.to);
  expect(world.stored.state.callers.get("c0" as never)?.muted).toBe(true);
  expect(done.text.match(/<li class="done"/g)).toHaveLength(5);
  expect(done.text).toContain("Unmute");
});

test("the End button ends what was found on the bridge; where the settings do not have that any more, it is over for WebEx", async () => {
  const found = async (bridge: string) => {
    const world = new ConferenceWorld();
    await world.during(world.reportFrom(bridge, snapshot([aCaller()])));
    const at = await there("boris", 1, world);
    const first = await at.get(page);
    expect(first.text).toContain("found on the bridge; WebEx has not created it again");
    expect(first.text).toContain('name="type" value="end"');
    return { ...at, asked: await at.post({ type: "end", mark: markOf(first) }) };
  };

  const { world, get, asked } = await found("simulated");
  expect((await get(asked.to)).text).toContain('<li class="waits"');
  await world.allDone();
  expect(world.stored.state.head).toMatchObject({ phase: "ended" });
  expect((await get(asked.to)).text).not.toContain('<li class="waits"');

  const former = await found("former");
  expect(former.world.stored.state.head).toMatchObject({ phase: "ended" });
  expect(former.world.sent.flat().map(({ command }) => command.type)).toEqual(["lock"]);
});

test("the same form twice acts once; another person, another call, or a later state is another action", async () => {
  const { world, edge, get, post } = await there();
  const mark = markOf(await get(page));
  const [one, again] = [await post({ type: "mute", call: "c0", mark }), await post({ type: "mute", call: "c0", mark })];
  expect(again.to).toBe(one.to);
  const mutes = () => world.sent.flat().filter(({ command }) => command.type === "mute");
  expect(mutes()).toHaveLength(1);

  const other = await post({ type: "mute", call: "c1", mark });
  await world.allDone();
  const later = await post({ type: "unmute", call: "c0", mark: markOf(await get(page)) });
  const body = new URLSearchParams({ type: "mute", call: "c1", mark });
  const headers = { authorization: `Bearer ${token}` };
  const byAnother = await edge.app.request(`${page}/actions`, { method: "POST", headers, body });
  const ways = [one.to, other.to, later.to, byAnother.headers.get("location")];
  expect(new Set(ways).size).toBe(4);
  for (const to of ways) expect(to).toContain("?action=");
  const dialled = { type: "call-out", number: "+1 408 555 0101", mark };
  expect((await post(dialled)).to).toBe((await post(dialled)).to);
  const toAnother = await post({ ...dialled, number: "+1 408 555 0102" });
  expect(toAnother.to).toContain("?action=");
  expect(toAnother.to).not.toBe((await post(dialled)).to);
  expect(new Set(edge.actionIds.map((id) => /^[\x21-\x7e]{1,64}$/.test(id)))).toEqual(new Set([true]));
});

test("searches callers by a form and returns there after an action", async () => {
  const { edge, get, find } = await there();
  const { status, text } = await find("c1");
  expect([status, text.includes('id="call-c0"'), text.includes("data-live")]).toEqual([200, false, false]);
  expect((await get((await find("")).to)).text).toContain('id="call-c0"');
  const headers = { authorization: `Bearer ${token}` };
  const body = new URLSearchParams({ type: "mute", call: "c0", mark: "x" });
  const asked = await edge.app.request(`${page}/actions?page=2`, { method: "POST", headers, body });
  expect(asked.headers.get("location")).toMatch(/\?page=2&action=console-x-/);
});

test("what the conference refuses is told in a sentence, with when", async () => {
  const { world, edge, post } = await there();
  await world.reported(callerLeft(0));
  const { status, text } = await post({ type: "mute", call: "c0", mark: "x" });
  const at = new Date(edge.time).toISOString().slice(11, 19);
  expect(status).toBe(404);
  expect(/<div id="answer">.*?<\/div>/s.exec(text)?.[0]).toContain(
    `At ${at}: The conference 987654321 has no such call now. It may have ended. Check the list of callers.`,
  );
});

test("what is typed wrong is refused with its error, written down, and stays text", async () => {
  const { edge, post } = await there();
  const { status, text } = await post({ type: "call-out", number: '"><script>555', mark: "x" });
  expect([status, edge.actionIds]).toEqual([400, []]);
  expect(edge.audited.at(-1)?.[1]).toMatchObject({ action: "act", about: { confKey }, refusal: "bad body" });
  expect(text).toMatch(/number must be a whole number with \+.*&lt;script&gt;555/);
});

test.each([
  [{ type: "call-out", number: "+14085550101", other: "1" }, ": other "],
  [{ type: "move", call: "c0" }, ": room "],
  [{}, ": type "],
])("a form that is wrong is told so, and nothing is done: %o", async (fields, says) => {
  const { edge, post } = await there();
  const answer = await post(fields as never);
  expect([answer.status, edge.actionIds]).toEqual([400, []]);
  expect(answer.text).toContain(says);
});

test("a viewer sees the page without forms, and is refused by the server; both sides of it are written down", async () => {
  const { edge, get, post } = await there("anna");
  expect((await get(page)).text).not.toContain('<form method="post" action="/console/local/conferences');
  const answer = await post({ type: "end", mark: "x" });
  expect([answer.status, edge.actionIds]).toEqual([403, []]);
  expect(answer.text).toContain("Viewers cannot change anything.");

  const operator = await there();
  await operator.post({ type: "expel", call: "c9", mark: "x" });
  await operator.post({ type: "call-out", number: "+1 408 555 0101", mark: "x" });
  const entries = [...edge.audited, ...operator.edge.audited].map(
    ([domain, { person, action, about, status, refusal }]) => {
      return [domain, person, action, about, status, refusal];
    },
  );
  expect(entries).toEqual([
    ["local", "anna", "end", { confKey }, 403, "not allowed"],
    ["local", "boris", "expel", { confKey, call: "c9" }, 404, "no such call"],
    // Who reads of actions need not know whom somebody called.
    ["local", "boris", "call-out", { confKey, number: "**********01" }, 202, null],
  ]);
});

test("a form of another site, or without a word on where it comes from, does nothing", async () => {
  const { edge } = await there();
  const signedIn = await edge.app.request("/console/sign-in", {
    method: "POST",
    headers: { accept: "text/html", "sec-fetch-site": "same-origin" },
    body: new URLSearchParams({ token: tokens.boris }),
  });
  const cookie = signedIn.headers.get("set-cookie")?.split(";")[0] ?? "";
  for (const more of [{ "sec-fetch-site": "cross-site" }, {}] as const) {
    const headers = { accept: "text/html", cookie, ...more } as Record<string, string>;
    const body = new URLSearchParams({ type: "end", mark: "x" });
    expect((await edge.app.request(`${page}/actions`, { method: "POST", headers, body })).status).toBe(403);
  }
  expect(edge.actionIds).toEqual([]);
});

test("the timeline has the text of each line on the wire", async () => {
  const { world, get } = await there();
  await world.received("t-mute", muteCaller("1001"));
  await world.allDone();
  const { status, text } = await get(`${page}/timeline?call=1001`);

  expect(status).toBe(200);
  expect(text).toContain("&lt;W2A_UpdateUser MsgID=&quot;m-mute-1001&quot;");
  expect(text).toContain("&lt;A2W_RspUpdateUser MsgID=&quot;m-mute-1001&quot;");
  expect(text).toMatch(/&quot;type&quot;:&quot;mute&quot;,&quot;call&quot;:&quot;c0&quot;/);
  expect(text).toContain("call=c0 ");
  expect(text).not.toContain("call=c1 ");
});

test("what somebody types to choose a call may be a number, and stands in no address; an id does", async () => {
  const { world, lookAt } = await there();
  await world.received("t-mute", muteCaller("1001"));
  await world.allDone();
  const number = "14085550100";
  for (const why of ["", "1"]) {
    const { status, text } = await lookAt("timeline", { call: ` ${number} `, why });
    expect(status).toBe(200);
    expect(text).toContain(`value="${number}" list="calls"`);
    expect([...text.matchAll(/(?:href|action|src)="([^"]*)"/g)].filter(([, link]) => link?.includes(number))).toEqual(
      [],
    );
    expect((await lookAt("timeline", { call: "c0", why: "" })).to).toBe(`${page}/timeline?call=c0`);
    expect((await lookAt("timeline", { call: "", why })).to).toBe(`${page}/timeline${why && "?why=1"}`);
  }
});

test("nobody is told of a conference that never was, and no object is made by the question", async () => {
  const { edge, get } = await there();
  edge.calls.length = 0;
  for (const tab of ["", "/timeline"]) {
    const { status, text } = await get(`/console/local/conferences/111${tab}`);
    expect(status).toBe(404);
    expect(text).toContain("local has no data of a conference with the key 111.");
  }
  expect(edge.calls.filter((call) => call.includes("111"))).toEqual([]);
  expect((await get(`/console/other/conferences/${confKey}`)).text).toContain("You may see no domain other");
});

test("of one whose journal is gone there are its records", async () => {
  const { edge, get } = await there();
  const record = (conference: string, number: string) => aCallRecord({ conference, number, bridge: "north" });
  for (const one of [record("222", "14085550101"), record("333", "14085550102")]) {
    await edge.directory.publish(aBatch({ key: one.conference, records: [one] }));
  }
  const { status, text } = await get("/console/local/conferences/222");
  expect(status).toBe(200);
  expect(text).toContain("14085550101");
  expect(text).not.toContain("14085550102");
  expect(text).not.toContain("data-live");
  expect(text).not.toContain("All calls of this conference");
  const records = Array.from({ length: 200 }, (_, call) => aCallRecord({ conference: "222", call: `${call}` }));
  await edge.directory.publish(aBatch({ key: "222", records }));
  expect((await get("/console/local/conferences/222")).text).toContain(
    'latest 200 records. <a href="/console/local/records?kind=call&amp;conference=222">All calls of this conference',
  );
});

test("a page with an action is followed for a minute after the end", async () => {
  const { world, edge, get, post } = await there();
  const { to } = await post({ type: "end", mark: markOf(await get(page)) });
  await world.allDone();
  expect((await get(to)).text).toContain("data-live");
  edge.time = world.time.now + 61_000;
  expect((await get(to)).text).not.toContain("data-live");
});

test.each([
  ["a/b?c", "a%2Fb%3Fc"],
  ["..", "%252E%252E"],
  ["😀 #7", "%F0%9F%98%80%20%237"],
])("a conference with the key %s has its pages and its place in the API, too", async (key, segment) => {
  const { world, edge, get } = await there();
  edge.real.set(key as never, realConference(world));
  await edge.held("7009", key);
  expect((await get(`/console/local/conferences/${segment}/timeline`)).status).toBe(200);
  const { text } = await get(`/console/local/conferences/${segment}`);
  expect(text).toContain(`/conferences/${segment}/actions`);
  expect(text).toContain("data-live");
  expect((await get(`/api/v1/domains/local/conferences/${segment}`)).status).toBe(200);
});
