import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import worker from "../../src/worker.ts";
import { domains } from "./test-domains.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("a reload has worked although relays hang or fail, which the log says; those are tried again later", async () => {
  vi.useFakeTimers();
  const lines = vi.spyOn(console, "error").mockImplementation(() => {});
  const { local } = domains;
  const relays: Record<string, () => Promise<void>> = {
    "hangs/simulated": () => new Promise(() => {}),
    "fails/simulated": () => Promise.reject(new Error("no disk")),
    "local/simulated": () => Promise.resolve(),
  };
  const here = {
    ...env,
    DOMAINS: JSON.stringify({ hangs: local, fails: local, local }),
    RELOAD_TOKEN: "token",
    RELAY: {
      getByName: (name: string) => ({
        closeAgents: () => {
          asked.push(name);
          return relays[name]?.();
        },
      }),
    },
  } as never;
  const asked: string[] = [];
  const reload = () => {
    const request = new Request("http://edge.example.com/reload", {
      method: "POST",
      body: JSON.stringify({ other: local }),
      headers: { authorization: "Bearer token" },
    });
    return worker.fetch(request as never, here);
  };

  const answer = reload();
  await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
  await vi.advanceTimersByTimeAsync(2_000);

  expect((await answer).status).toBe(204);
  const agents = ["agent-1", "agent-2"];
  expect(lines.mock.calls.map(([line]) => JSON.parse(line))).toMatchObject([
    { event: "agents-not-closed", domain: "fails", bridge: "simulated", agents, error: "no disk" },
    {
      event: "agents-not-closed",
      domain: "hangs",
      bridge: "simulated",
      agents,
      error: "the relay took longer than 2000 ms",
    },
  ]);

  asked.length = 0;
  relays["hangs/simulated"] = relays["fails/simulated"] = () => Promise.resolve();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toEqual(["hangs/simulated", "fails/simulated"]);
  expect((await reload()).status).toBe(204);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(2);
});
