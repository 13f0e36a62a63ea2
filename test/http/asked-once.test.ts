import { expect, test } from "vitest";
import type { ConfKey } from "../../src/foundation/ids.ts";
import { aBatch } from "../durable-objects/a-batch.ts";
import { windowOf } from "./console-window.ts";
import { byPost, conferenceView, FakeEdge, token } from "./fake-edge.ts";

const api = "/api/v1/domains/local";
const paths = [
  ...["", "/conferences", "/conferences/111", "/bridges", "/servers", "/audit", "/records"].map(
    (page) => `/console/local${page}`,
  ),
  ...["/figures", "/alerts", "/agents", "/activity"].map((path) => `${api}${path}`),
  "/metrics",
  "/readyz",
].map((path) => [path, {}] as [string, RequestInit]);

test.each([...paths, byPost(`${api}/find?text=111`), byPost(`${api}/running-conferences`)])(
  "no object is asked the same thing twice for %s",
  async (path, init) => {
    const edge = new FakeEdge();
    await edge.directory.publish(aBatch({ key: "111", running: { callers: 2 } }));
    await edge.held("x111", "111");
    edge.askedOfObjects.length = 0;
    edge.views.set("111" as ConfKey, conferenceView("111"));
    const headers = { authorization: `Bearer ${token}`, accept: "text/html" };
    const response = await edge.app.request(path, { ...init, headers });
    await response.text();
    expect([200, 503]).toContain(response.status);
    const asked = edge.askedOfObjects;
    expect(asked).not.toEqual([]);
    expect(asked.filter((one, index) => asked.indexOf(one) < index)).toEqual([]);
  },
);

test("open pages share one view per second until an action", async () => {
  const edge = new FakeEdge();
  const asked = async (path: string, more: object = {}) => {
    edge.askedOfObjects.length = 0;
    const headers = { authorization: `Bearer ${token}`, accept: "text/html" };
    const { status } = await edge.app.request(`/console/local${path}`, { headers: { ...headers, ...more } });
    expect(status).toBe(200);
    return edge.askedOfObjects.length;
  };
  const poll = { "if-none-match": '""' };
  const all = await asked("");
  expect([await asked("", poll), await asked("", poll), await asked("")]).toEqual([all, 0, all]);
  edge.time += 1_000;
  expect([await asked("", poll), await asked("", poll)]).toEqual([all, 0]);
  await (await windowOf(edge)).ask("/console/local/bridges/simulated/drain", {});
  expect(await asked("", poll)).toBe(all);
});
