import type { Whole } from "../../durable-objects/platform/object-kinds.ts";
import type { ObjectPlace } from "../../durable-objects/platform/object-place.ts";
import type { Accept, ObjectSocket } from "../../durable-objects/platform/object-sockets.ts";
import { EntryTable, entryTableSql } from "../../durable-objects/platform/tables/entry-table.ts";
import { readBody } from "../../src/http/body.ts";
import type { EdgeObjects } from "../../src/rpc/objects.ts";

type Act = (...asked: readonly never[]) => unknown;

/** An object that does what a test asks of its place. It stands in the place of the sessions, whose `endAll` has a name and an object. */
export function probe(place: ObjectPlace): Whole {
  const { sql } = place;
  const life = place.newId();
  sql.exec(entryTableSql);
  sql.exec("CREATE TABLE IF NOT EXISTS word (id INTEGER PRIMARY KEY, word TEXT NOT NULL)");
  const entries = new EntryTable<{ readonly onAlarm: string }>(sql);
  const add = (word: string) => void sql.exec("INSERT INTO word (word) VALUES (?)", word);
  const acts: Readonly<Record<string, Act>> = {
    life: () => life,
    add,
    words: () => sql.exec("SELECT word FROM word ORDER BY id").map(({ word }) => word),
    halfWay: () =>
      sql.transaction(() => {
        add("half");
        throw new Error("half way");
      }),
    change: (value: { list: number[] }) => {
      value.list.push(1);
      return value;
    },
    wakeIn: (ms: number, onAlarm: string) => {
      entries.write("onAlarm", onAlarm);
      return place.setAlarm(place.now() + ms);
    },
    alarmInMs: async () => {
      const at = await place.getAlarm();
      return at === null ? null : at - place.now();
    },
    hang: () => new Promise(() => {}),
    abort: (why: string) => place.abort(why),
    deleteAll: () => place.deleteAll(),
    deleteAllIn: (ms: number) => later(ms, () => place.deleteAll()),
    addIn: (ms: number, word: string) => later(ms, () => add(word)),
    post: async (url: string, timeoutMs: number) => {
      const content = { contentType: "text/xml; charset=UTF-8", body: "<a/>" } as const;
      const answer = await place.post({ ...content, url, timeoutMs, signal: new AbortController().signal });
      return answer.kind === "failed" ? answer.reason : answer.status;
    },
    sockets: () => place.sockets.all().map(({ label }) => label),
    say: (text: string) => {
      for (const socket of place.sockets.all()) socket.send(text);
    },
    close: (code: number, reason: string) => {
      for (const socket of place.sockets.all()) socket.close(code, reason);
    },
  };
  const whole = {
    pings: { ping: "ping", pong: "pong" },
    endAll: (name: string, asked: readonly never[]) => {
      const act = acts[name];
      if (!act) throw new Error(`the probe has no ${name}`);
      return act(...asked);
    },
    alarm: async () => {
      if (entries.read("onAlarm") === "delete") return place.deleteAll();
      add("alarm");
      if (entries.read("onAlarm") === "hang" && sql.exec("SELECT 1 FROM word").length === 1)
        await new Promise(() => {});
    },
    connect: (headers: Headers, accept: Accept) => {
      const who = headers.get("who");
      if (who === null) return new Response("who are you?", { status: 403, headers: { why: "nobody" } });
      accept(who).keep({ who });
      return null;
    },
    received: (socket: ObjectSocket, text: string) => {
      add(text);
      socket.send(`${(socket.kept() as { readonly who: string }).who} said ${text}`);
    },
    closed: ({ label }: ObjectSocket) => add(`${label} is gone`),
  };
  return whole as unknown as Whole;
}

/** By a timer of the process, which no end of a life cancels: what a call does that is under way. */
function later(ms: number, act: () => unknown): Promise<unknown> {
  return new Promise((resolve) => after(ms, () => resolve(undefined))).then(act);
}

const mostBytes = 65_536;

function after(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}

/** `POST /` with the name of an act and what it is asked; `GET /` for a socket. */
export async function answerProbe(request: Request, objects: EdgeObjects): Promise<Response> {
  const object = objects.sessions();
  // Plain workerd hands over a target without a host.
  if (request.headers.get("upgrade") !== null) return object.fetch("http://object/", { headers: request.headers });
  const body = await readBody(request, mostBytes, { after });
  if (!body.ok) return body.error;
  const [name, ...asked] = JSON.parse(new TextDecoder().decode(body.value)) as [string, ...never[]];
  try {
    const value = await (object.endAll as unknown as (name: string, asked: readonly never[]) => Promise<unknown>)(
      name,
      asked,
    );
    return Response.json({ value: value ?? null });
  } catch (error) {
    return Response.json({ error: String(error) }, { status: 500 });
  }
}
