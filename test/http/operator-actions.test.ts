import { expect, test } from "vitest";
import {
  applyAction,
  askedActions,
  type OperatorRequest,
  operatorRefusal,
} from "../../src/conference/operator-actions.ts";
import { WholeActions } from "../../src/console/conference/conference-actions.tsx";
import { actRoute } from "../../src/http/api/conferences.ts";
import { openApiOf } from "../../src/http/api/openapi.ts";
import { apiRoutes } from "../../src/http/api/routes.ts";
import { actions, wave } from "../conference/one-more-action.ts";
import { weightsOf } from "../simulation/operators.ts";
import { conferenceView, FakeEdge, token } from "./fake-edge.ts";

const routes = apiRoutes.map((route) => (route.id === "act" ? actRoute(actions) : route));
const path = "/api/v1/domains/local/conferences/5/actions";

/** With the conference 5, in which the caller c1 is. */
async function edgeWithCaller(): Promise<FakeEdge> {
  const edge = new FakeEdge(token, {}, {}, [], routes);
  await edge.held("7000001", "5");
  edge.alive.add("5");
  const caller = {
    call: "c1",
    extCallId: "",
    number: "",
    attendeeId: "444",
    room: "main",
    muted: false,
    speaks: false,
  };
  edge.views.set("5" as never, conferenceView("5", { callers: [caller] as never }));
  return edge;
}

test("one more row is a request of the API, which the audit has, and which is refused by its schema", async () => {
  const edge = await edgeWithCaller();
  const ask = (body: object) =>
    edge.app.request(path, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });

  expect((await ask(wave)).status).toBe(202);
  expect(edge.operated).toEqual([wave]);
  expect(edge.audited).toMatchObject([["local", { action: "wave", about: { confKey: "5", call: "c1" } }]]);
  expect((await ask({ type: "wave" })).status).toBe(400);
});

test("one more row stands in OpenAPI, and in the route of which the page of the API is made", () => {
  const openApi = JSON.stringify(openApiOf(routes));
  expect(openApi).toContain('"const":"wave"');
  expect(openApi).toContain("Wave at a caller, so that all others hear it.");
  expect(actRoute(actions).says).toMatch(/^Acts on a conference: mute, .*, wave$/);
});

test("what is asked of a whole conference asks back with the number of callers, or is filled in", () => {
  const target = { to: "/to", mark: "x" };
  const callers = Array.from({ length: 301 }, (_, index) => ({ call: `c${index}`, muted: index < 1 }));
  const whole = Object.entries(askedActions()).filter(([, { parameters }]) => !("call" in parameters));
  expect(whole.map(([type]) => type)).toEqual(["lock", "unlock", "mute-all", "unmute-all", "end", "call-out"]);
  for (const [type, { asked }] of whole) {
    const { question, form } = asked.button;
    const says = question?.says({ confKey: "5", callers: 301, muteAll: 294, unmuteAll: 7 });
    if (!form) expect(says, type).toMatch(/ (?:294|301|7) callers/);
  }
  const view = conferenceView("5", { callers, muteAll: 299, unmuteAll: 1 } as never);
  const page = String(WholeActions({ confKey: "5", view, form: target }));
  expect(page).toContain("Mute 299 callers? Hosts are not muted.");
  expect(page).toContain("Lock conference 5? New callers are refused. Its 301 callers stay.");
  expect(page.match(/<summary class="button">/g)).toHaveLength(4);
});

test("one more row is refused and done by its own rules", () => {
  const issued: unknown[] = [];
  const head = { phase: "running", closing: null };
  const context = { settings: {}, cannot: [] };
  const draft = {
    running: head,
    state: { head },
    context,
    issueOnce: (command: object) => issued.push(command),
  } as never;
  const refusal = (request: object, more: object = {}) =>
    operatorRefusal({ head: { ...head, ...more } } as never, request as OperatorRequest, context as never, actions);

  applyAction(draft, { request: wave }, actions);
  applyAction(draft, { request: { ...wave, call: "c2" } as OperatorRequest }, actions);
  expect(issued).toEqual([{ type: "mute", call: "c1" }]);
  expect([refusal(wave), refusal({ ...wave, call: "c2" }), refusal(wave, { phase: "ended" })]).toEqual([
    null,
    "no-such-call",
    "no-such-conference",
  ]);
  expect(operatorRefusal({ head } as never, wave, { ...context, cannot: ["mute"] } as never, actions)).toBe(
    "not-supported",
  );
});

test("the simulation's operators ask for one more row, too", () => {
  expect(weightsOf(actions)).toMatchObject({ wave: 2, mute: 10 });
});
