import { expect, test } from "vitest";
import type { BridgeName, ConfKey, DomainName, WebexHost } from "../../src/foundation/ids.ts";
import type { RunningConference } from "../../src/rpc.ts";
import { FakeEdge, token } from "./fake-edge.ts";

const domain = "local" as DomainName;
const base = "/api/v1/domains/local";

function running(key: string, more: Partial<RunningConference> = {}): RunningConference {
  return {
    ...{ key: key as ConfKey, life: 1, createdAt: 900_000, phase: "running", bridge: "main" as BridgeName },
    ...{ webexHost: "tsp1.example.com" as WebexHost, attached: true, locked: false, callers: 3, rooms: 1, trouble: [] },
    ...more,
  };
}

async function runs(edge: FakeEdge, ...conferences: readonly RunningConference[]): Promise<void> {
  for (const one of conferences)
    await edge.directory.tell({ domain, key: one.key, running: one, ended: [], behind: null });
}

async function asked(edge: FakeEdge, path: string): Promise<{ readonly status: number; readonly body: object }> {
  const response = await edge.app.request(base + path, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, body: (await response.json()) as object };
}

test("the running conferences are listed by key, in pages, by one question of the directory each", async () => {
  const edge = new FakeEdge();
  const trouble = ["posts"] as const;
  await runs(edge, running("70"), running("123", { trouble }), running("100"), running("124", { phase: "creating" }));
  const keys: string[][] = [];
  let cursor: string | null = "";
  do {
    const { body } = await asked(edge, `/running-conferences?limit=3${cursor && `&cursor=${cursor}`}`);
    const page = body as { conferences: { key: string }[]; next: string | null; total: number };
    expect(page.total).toBe(4);
    keys.push(page.conferences.map(({ key }) => key));
    cursor = page.next;
  } while (cursor !== null);
  expect(keys).toEqual([["100", "123", "124"], ["70"]]);
  expect(edge.calls).toEqual(["running of the directory", "running of the directory"]);

  const { body } = await asked(edge, "/running-conferences?begins=123");
  expect(body).toEqual({
    conferences: [
      {
        ...{ key: "123", life: 1, createdAt: 900_000, phase: "running", webexHost: "tsp1.example.com", bridge: "main" },
        now: { attached: true, locked: false, callers: 3, rooms: 1, trouble },
      },
    ],
    ...{ next: null, total: 4, unknown: 0 },
  });
});

test("after a restart of the directory its list is whole, and says of whom it does not know how they are", async () => {
  const edge = new FakeEdge();
  await runs(edge, running("1"), running("2"));
  edge.directory = edge.startDirectory();
  await runs(edge, running("2", { callers: 9 }));

  expect((await asked(edge, "/running-conferences")).body).toMatchObject({
    conferences: [
      { key: "1", now: null },
      { key: "2", now: { callers: 9 } },
    ],
    ...{ total: 2, unknown: 1 },
  });
  expect(edge.calls).toContain("1 tells the directory news");
});
