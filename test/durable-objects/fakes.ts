import { Directory } from "../../durable-objects/directory/directory.ts";
import { HandleIndex, type HandleIndexPorts } from "../../durable-objects/ids/handle-index.ts";
import { Measures } from "../../durable-objects/platform/measures.ts";
import type { Platform } from "../../durable-objects/platform/platform.ts";
import type { HttpAnswer } from "../../durable-objects/platform/post.ts";
import { Sessions } from "../../durable-objects/sessions/sessions.ts";
import type { Domain } from "../../src/settings/load.ts";
import type { ResultWord } from "../../src/tsp/protocol-table.ts";
import type { Clock } from "../kit/clock.ts";
import { Database } from "../kit/database.ts";

/** The platform of one object, on the tests' clock: nothing is lost, posts fail, and the alarm never comes. */
export function fakePlatform(time: Pick<Clock, "now" | "after">, more: Partial<Platform> = {}): Platform {
  return {
    sql: new Database(),
    log: () => {},
    measures: new Measures(),
    now: () => time.now,
    after: (ms, run) => time.after(ms, run),
    post: async () => ({ kind: "failed", reason: "nobody listens" }),
    setAlarm: async () => {},
    getAlarm: async () => null,
    abort: () => {},
    ...more,
  };
}

/** What a mailbox needs besides: a directory that counts nothing, and no clock that was set. */
export const aCounter = {
  nonce: () => "1",
  directory: () => ({ count: async () => ({ pauseMs: 2_000 }) }),
  kept: { get: () => undefined, put: () => {} },
};

/** A directory of a domain that has no conferences and nobody who watches; what it posts fails. */
export function aDirectory(
  time: Pick<Clock, "now" | "after">,
  more: Partial<ConstructorParameters<typeof Directory>[0]>,
): Directory {
  return new Directory({
    ...fakePlatform(time),
    domain: () => null,
    secret: () => undefined,
    conference: () => ({ publish: async () => true }),
    conferencesOf: async () => ({ holders: [], next: null }),
    nonce: () => "1",
    deleteAll: async () => {},
    ...more,
  });
}

/** The sessions of people, over a database in memory. */
export function theSessions(
  time: Pick<Clock, "now" | "after">,
  more: Partial<ConstructorParameters<typeof Sessions>[0]> = {},
): Sessions {
  return new Sessions({ ...fakePlatform(time), ...more });
}

/** A TSP server's Confirmation of a document. */
export function confirmation({ codec }: Domain, transId: string, result: ResultWord = "ok"): HttpAnswer {
  const text = codec.confirm(transId, result);
  return { kind: "answered", status: 200, body: new TextEncoder().encode(text) };
}

export function transIdOf(body: string): string {
  return /<TransID>([^<]*)/.exec(body)?.[1] ?? "";
}

/** A domain's handle index over a database in memory; no conference holds its handle for long. */
export function memoryHandles(now: () => number, more: Partial<HandleIndexPorts> = {}): HandleIndex {
  const sql = new Database();
  return new HandleIndex({
    sql,
    log: () => {},
    now,
    after: () => () => {},
    setAlarm: async () => {},
    getAlarm: async () => null,
    retentionMs: () => 7 * 86_400_000,
    hasHandle: async () => false,
    deleteAll: async () => sql.clear(),
    ...more,
  });
}
