import { expect, test } from "vitest";
import type { ConfKey, DomainName, ExtConfId, TransId } from "../../src/foundation/ids.ts";
import { HandleCache, withHandlesTogether } from "../../src/routing/handles.ts";
import type { HandleAnswer, HandleRequest } from "../../src/rpc/handle-index.ts";
import type { AllObjects } from "../../src/rpc/objects.ts";

const domain = "local" as DomainName;
const handle = (name: string) => name as ExtConfId;
const key = (name: string) => name as ConfKey;

test("a handle is known in its domain only, until its time is up", () => {
  const cache = new HandleCache({ entries: 10, ageMs: 1_000 });
  cache.set(domain, handle("1"), key("A"), 5_000);

  expect(cache.get(domain, handle("1"), 5_999)).toBe("A");
  expect(cache.get(domain, handle("1"), 6_000)).toBeUndefined();
  expect(cache.get("other" as DomainName, handle("1"), 5_000)).toBeUndefined();
});

test("a full cache drops what was set longest ago", () => {
  const cache = new HandleCache({ entries: 2, ageMs: 1_000 });
  cache.set(domain, handle("1"), key("A"), 0);
  cache.set(domain, handle("2"), key("B"), 0);
  cache.set(domain, handle("1"), key("C"), 0);
  cache.set(domain, handle("3"), key("D"), 0);

  expect(["1", "2", "3"].map((name) => cache.get(domain, handle(name), 0))).toEqual(["C", undefined, "D"]);
});

/** An index whose calls end when the test says so. */
function heldIndex() {
  const time = { now: 0 };
  const calls: { readonly handles: readonly (readonly string[])[]; end(failure?: Error): void }[] = [];
  const alone: string[] = [];
  const kept: Promise<unknown>[] = [];
  const timers = new Set<{ readonly ms: number; run(): void }>();
  /** Handles that other conferences hold. */
  const contested = new Set<string>();
  const broken = { throws: false };
  const found = (request: HandleRequest) => new Map(request.handles.map((name) => [name, key(`key of ${name}`)]));
  const index = {
    resolve: async (request: HandleRequest) => {
      alone.push(String(request.handles));
      return found(request);
    },
    resolveAll: (requests: readonly HandleRequest[]) => {
      if (broken.throws) throw new Error("no such object");
      const { promise, resolve, reject } = Promise.withResolvers<(HandleAnswer | "resolve-separately")[]>();
      const answers = () =>
        requests.map((request) => {
          if (String(request.handles) === "refused") return null;
          return request.handles.some((name) => contested.has(name)) ? ("resolve-separately" as const) : found(request);
        });
      const end = (failure?: Error) => (failure ? reject(failure) : resolve(answers()));
      calls.push({ handles: requests.map(({ handles }) => handles), end });
      return promise;
    },
  };
  const { handles } = withHandlesTogether({ handles: () => index } as object as Pick<AllObjects, "handles">, {
    now: () => time.now,
    after: (ms, run) => {
      const timer = { ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    waitUntil: (work) => void kept.push(work),
  });
  const ask = async (name: string, of = domain) => {
    const answer = await handles(of).resolve({
      domain: of,
      transId: "t" as TransId,
      claims: [],
      handles: [handle(name)],
    });
    return answer?.get(handle(name));
  };
  return { time, calls, alone, kept, timers, contested, broken, ask };
}

/** Long enough for all that waits for nothing else. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("what comes while a call is under way goes together with the next one, in order, each with its own answer", async () => {
  const { calls, ask } = heldIndex();
  const first = ask("1");
  const [second, third] = [ask("2"), ask("3")];
  expect(calls.map(({ handles }) => handles)).toEqual([[["1"]]]);

  calls[0]?.end();
  await settled();
  const fourth = ask("4");
  calls[1]?.end();
  await settled();
  calls[2]?.end();

  expect(calls.map(({ handles }) => handles)).toEqual([[["1"]], [["2"], ["3"]], [["4"]]]);
  expect(await Promise.all([first, second, third, fourth])).toEqual(["key of 1", "key of 2", "key of 3", "key of 4"]);
});

test("domains do not wait for each other", () => {
  const { calls, ask } = heldIndex();
  void ask("1");
  void ask("2", "other" as DomainName);

  expect(calls).toHaveLength(2);
});

test("a call that fails, fails for all that it was made for, and the next one is made", async () => {
  const { calls, ask } = heldIndex();
  const first = ask("1");
  const others = [ask("2"), ask("3")];
  calls[0]?.end(new Error("unreachable"));
  await expect(first).rejects.toThrow("unreachable");
  await settled();
  calls[1]?.end();

  expect(await Promise.all(others)).toEqual(["key of 2", "key of 3"]);
});

test("a claim that another conference holds is asked for by itself, while the others go on", async () => {
  const { calls, alone, contested, ask } = heldIndex();
  contested.add("2");
  void ask("1");
  const [second, third] = [ask("2"), ask("3")];
  calls[0]?.end();
  await settled();
  calls[1]?.end();

  expect([await second, await third]).toEqual(["key of 2", "key of 3"]);
  expect(alone).toEqual(["2"]);
});

test("a call is kept going though its request is over", () => {
  const { kept, ask } = heldIndex();
  void ask("1");

  expect(kept).toHaveLength(1);
});

test("a call that takes two seconds holds up no others behind that: those who wait send theirs, and hear of its end nothing", async () => {
  const { time, calls, timers, ask } = heldIndex();
  const first = ask("1");
  const second = ask("2");
  time.now = 1_999;
  const third = ask("3");
  expect(calls).toHaveLength(1);
  expect([...timers].map(({ ms }) => ms)).toEqual([2_000, 2_000]);
  time.now = 2_000;
  const [timer] = timers;
  if (timer) timers.delete(timer);
  timer?.run();
  const fourth = ask("4");
  expect(calls.map(({ handles }) => handles)).toEqual([[["1"]], [["2"], ["3"]]]);

  calls[0]?.end();
  await settled();
  calls[1]?.end();
  await settled();
  calls[2]?.end();

  expect(calls.map(({ handles }) => handles)).toEqual([[["1"]], [["2"], ["3"]], [["4"]]]);
  expect(await Promise.all([first, second, third, fourth])).toEqual(["key of 1", "key of 2", "key of 3", "key of 4"]);
  expect(timers.size).toBe(0);
});

test("a clock that was set does not let two calls go beside each other for long", async () => {
  const { time, calls, ask } = heldIndex();
  time.now = 100_000;
  void ask("1");
  time.now = 0;
  void ask("2");
  expect(calls).toHaveLength(2);
  void ask("3");

  expect(calls).toHaveLength(2);
});

test("who waits for another one's call is refused within its 8 s, and who calls has no timer", async () => {
  const { time, calls, timers, ask } = heldIndex();
  void ask("1");
  expect(timers.size).toBe(0);
  const second = ask("2");
  const lost = expect(second).rejects.toThrow("the handle index does not answer");
  for (const ms of [2_000, 4_000, 6_000, 8_000]) {
    time.now = ms;
    for (const timer of [...timers]) {
      timers.delete(timer);
      timer.run();
    }
  }
  await lost;

  expect(calls).toHaveLength(2);
  expect(timers.size).toBe(0);
});

test("an index of the last release, which has no such method, is asked for each request", async () => {
  const { calls, alone, ask } = heldIndex();
  const all = [ask("1"), ask("2")];
  const isOlder = new TypeError('The RPC receiver does not implement the method "resolveAll".');
  calls[0]?.end(isOlder);
  await settled();
  calls[1]?.end(isOlder);

  expect(await Promise.all(all)).toEqual(["key of 1", "key of 2"]);
  expect(alone).toEqual(["1", "2"]);
});

test("a document whose TransID another one had is asked for once", async () => {
  const { calls, alone, ask } = heldIndex();
  const refused = ask("refused");
  calls[0]?.end();

  expect(await refused).toBeUndefined();
  expect(alone).toEqual([]);
});

test("a call that throws at once fails its request, and holds up no other", async () => {
  const { calls, broken, ask } = heldIndex();
  broken.throws = true;
  await expect(ask("1")).rejects.toThrow("no such object");
  broken.throws = false;
  void ask("2");

  expect(calls).toHaveLength(1);
});
