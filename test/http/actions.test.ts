import { expect, test } from "vitest";
import type { ActionId, EpochMs } from "../../src/foundation/ids.ts";
import { sha256 } from "../../src/foundation/secrets.ts";
import type { OperatorsSettings } from "../../src/operators/people.ts";
import type { OperatorResult } from "../../src/rpc/conference.ts";
import type { ActionStages } from "../../src/rpc/timeline.ts";
import { FakeEdge, token } from "./fake-edge.ts";

const base = "/api/v1/domains/local/conferences/5/actions";
const viewer: OperatorsSettings["people"][number] = {
  name: "anna",
  tokenSha256: await sha256("token-of-anna"),
  role: "viewer",
  domains: ["local"],
};

/** With the conference 5. */
async function edgeWithConference(): Promise<FakeEdge> {
  const edge = new FakeEdge(token, {}, { people: [viewer] });
  await edge.held("7000001", "5");
  edge.alive.add("5");
  return edge;
}

async function act(edge: FakeEdge, body: object, headers: Record<string, string> = {}) {
  const authorization = `Bearer ${token}`;
  const init = { method: "POST", headers: { authorization, ...headers }, body: JSON.stringify(body) };
  const response = await edge.app.request(base, init);
  const { status } = response;
  return { status, location: response.headers.get("location"), body: (await response.json()) as { detail?: string } };
}

const number = { country: "1", area: "", local: "4085550123", extension: "" };

test("stores nothing of a wrong body", async () => {
  const edge = await edgeWithConference();
  for (const type of ["lock", "+14085550123", "toString"])
    expect((await act(edge, { type, number: "+14085550123" })).status).toBe(400);
  expect(edge.audited.map(([, { about }]) => about)).toEqual(Array(3).fill({ confKey: "5" }));
});

test("each request without an Idempotency-Key is an action of its own", async () => {
  const edge = await edgeWithConference();
  for (const _ of [1, 2]) expect((await act(edge, { type: "lock" })).status).toBe(202);
  expect(new Set(edge.actionIds).size).toBe(2);
});

test.each<[object, object, object]>([
  ...["mute", "unmute", "expel"].map((type): [object, object, object] => {
    return [{ type, call: "c1" }, { type, call: "c1" }, { call: "c1" }];
  }),
  [
    { type: "move", call: "c1", room: "r7" },
    { type: "move", call: "c1", room: "r7" },
    { call: "c1", room: "r7" },
  ],
  ...["lock", "unlock", "mute-all", "unmute-all", "end"].map((type): [object, object, object] => {
    return [{ type }, { type }, {}];
  }),
  [{ type: "call-out", number: "+14085550123" }, { type: "call-out", number }, { number: "**********23" }],
  [{ type: "call-out", number: "+1 (408) 555-0123" }, { type: "call-out", number }, { number: "**********23" }],
  [
    { type: "call-out", number: "+14085550123", attendeeId: "44", muted: true },
    { type: "call-out", number, attendeeId: "44", muted: true },
    { number: "**********23", attendeeId: "(secret)", muted: "true" },
  ],
])("the action %j reaches the conference, and is written down", async (body, operated, about) => {
  const edge = await edgeWithConference();
  const stages = `${base}/k1`;

  expect(await act(edge, body, { "idempotency-key": "k1" })).toEqual({
    status: 202,
    location: stages,
    body: { id: "k1", stages },
  });
  expect([edge.operated, edge.actionIds]).toEqual([[operated], ["k1"]]);
  const { type } = body as { type: string };
  expect(edge.audited).toMatchObject([["local", { action: type, actionId: "k1", status: 202 }]]);
  expect(edge.audited[0]?.[1].about).toEqual({ confKey: "5", ...about });
});

test("what is done once under an Idempotency-Key says so when it comes again, in its answer and in the audit", async () => {
  const edge = await edgeWithConference();
  const ask = (method: string, path: string, body?: object) =>
    edge.app.request(`/api/v1/domains/local/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "idempotency-key": "k1" },
      ...(body && { body: JSON.stringify(body) }),
    });
  const asked = [
    ["POST", "conferences/5/actions", { type: "lock" }],
    ["POST", "conferences/5/passthrough", { extCallId: "77", data: "1" }],
    ["PUT", "conferences/5/hybrid", { connectData: "2" }],
    ["PUT", "bridges/simulated/drain"],
  ] as const;
  for (const one of asked) {
    edge.actionIds.length = 0;
    const [method, path, body] = one;
    const [first, second] = [await ask(method, path, body), await ask(method, path, body)];
    const replayed = [first, second].map(({ headers }) => headers.get("idempotent-replayed"));
    expect(replayed).toEqual([null, path.endsWith("drain") ? null : "true"]);
    expect([second.status, await second.text()]).toEqual([first.status, await first.text()]);
  }
  expect(edge.audited.map(([, { action, repeat }]) => [action, repeat])).toEqual(
    ["lock", "passthrough", "hybrid-data", "drain"].flatMap((action) => [
      [action, undefined],
      [action, action === "drain" ? undefined : true],
    ]),
  );
});

test.each<[object, string]>([
  [{ type: "dance" }, 'type must be one of "mute", "unmute"'],
  [{}, "type is missing"],
  [{ type: "mute" }, "call is missing"],
  [{ type: "mute", call: "" }, "call must be 1 to 256 characters"],
  [{ type: "lock", call: "c1" }, "call is not a field of this body"],
  [{ type: "move", call: "c1" }, "room is missing"],
  [{ type: "call-out", number: "4085550123" }, "number must be a whole number with + and the country code"],
  [{ type: "call-out", number: "+353" }, "number must be a whole number with + and the country code"],
  [{ type: "call-out", number: "+1408555012345678" }, "number must be a whole number with + and the country code"],
  [{ type: "call-out", number: "+14085550123", mute: true }, "mute is not a field of this body"],
  [{ type: "call-out", number: "+14085550123", attendeeId: "a b" }, "attendeeId must be 1 to 64 characters"],
])("the action %j is refused with what is wrong in it", async (body, says) => {
  const edge = await edgeWithConference();
  const refused = await act(edge, body);
  expect([refused.status, refused.body.detail]).toEqual([400, expect.stringContaining(says)]);
  expect(edge.operated).toEqual([]);
});

test.each<[OperatorResult, number, string]>([
  ["no-such-conference", 404, "no such conference"],
  ["no-such-call", 404, "no such call"],
  ["no-such-room", 404, "no such room"],
  ["in-private-talk", 409, "refused"],
  ["conference-full", 409, "refused"],
  ["bridge-gone", 409, "refused"],
  ["not-supported", 422, "cannot be done"],
  ["denied-by-policy", 422, "cannot be done"],
  ["other-action", 422, "cannot be done"],
])("what a conference refuses as %s is %i, with what to do, and written down", async (result, status, title) => {
  const edge = await edgeWithConference();
  edge.refusal = result;
  const refused = await act(edge, { type: "lock" });

  expect(refused).toMatchObject({ status, body: { title, detail: expect.stringMatching(/^[^_]{20,}\.$/) } });
  expect(edge.audited).toMatchObject([["local", { status, refusal: title, action: "lock", about: { confKey: "5" } }]]);
});

test("viewers see how far an action has come, and can begin none", async () => {
  const edge = await edgeWithConference();
  edge.actions.set("a/1 ?" as ActionId, stages);
  const seen = (path: string) => edge.ask(path, {}, "token-of-anna");

  expect(await seen(`${base}/${encodeURIComponent("a/1 ?")}`)).toEqual({ status: 200, body: stages });
  expect((await act(edge, { type: "lock" }, { authorization: "Bearer token-of-anna" })).status).toBe(403);
  expect(edge.operated).toEqual([]);
  expect(await seen(`${base}/a2`)).toMatchObject({ status: 404, body: { title: "no such action" } });
  expect((await seen(`${base.replace("/5/", "/6/")}/a2`)).status).toBe(404);
});

test("Location leads to the stages, whatever the key is", async () => {
  const edge = await edgeWithConference();
  edge.actions.set("a/?#%1" as ActionId, { ...stages, notified: null, result: null });
  const { location } = await act(edge, { type: "lock" }, { "idempotency-key": "a/?#%1" });
  expect(await edge.ask(location ?? "")).toMatchObject({ status: 200, body: { result: null } });
});

const at = 1_000_000 as EpochMs;
const stages = {
  id: "a/1 ?",
  person: "boris",
  request: { type: "lock" },
  asked: at,
  onDisk: { seq: 9, at },
  sent: [{ id: "5.1", type: "lock", at, result: { type: "done", at } }],
  result: { type: "done", at },
  notified: { is: "posted", at: null, why: "", transIds: ["t1"] },
} as object as ActionStages;
