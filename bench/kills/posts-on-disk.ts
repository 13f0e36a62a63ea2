import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { objectsOnDisk } from "../../durable-objects/home/log/object-on-disk.ts";

/** Of each document of a conference, by its TransID, what its journal says of posts, in order; `probe-failed`: a probe that was given up. */
export type PostsOnDisk = ReadonlyMap<string, readonly string[]>;

/** Reads along with the edge, which goes on. `state`: the folder of the local run. */
export async function postsOnDisk(state: string): Promise<PostsOnDisk> {
  const posts = new Map<string, string[]>();
  const read = (exec: Exec) => {
    for (const { kind, transId, probe } of factsIn(exec)) {
      if (transId === undefined || !kind.startsWith("post-")) continue;
      posts.set(transId, [...(posts.get(transId) ?? []), probe ? "probe-failed" : kind]);
    }
  };
  const edge = join(state, "edge");
  const home = join(edge, "state.db");
  if (existsSync(home)) {
    for (const object of await objectsOnDisk(home, (name) => name.startsWith("conference/")))
      read((statement) => object.exec(statement));
    return posts;
  }
  const files = readdirSync(edge, { recursive: true, encoding: "utf8" }).filter((file) =>
    /bridgehead-ConferenceObject\/[0-9a-f]+\.sqlite$/.test(file),
  );
  if (files.length === 0) throw new Error(`no conference is on disk in ${edge}`);
  for (const file of files) {
    const database = new DatabaseSync(join(edge, file), { readOnly: true });
    try {
      read((statement) => database.prepare(statement).all());
    } finally {
      database.close();
    }
  }
  return posts;
}

/** No document that is given up, but one of those that find out whether a server is back. */
export function isProbe(said: readonly string[] = []): boolean {
  return said.includes("probe-failed");
}

/** It was withdrawn while it was posted, as its server was replaced: the conference does not know what became of that post. */
export function isDropped(said: readonly string[] = []): boolean {
  const isKnown = said.includes("post-confirmed") || said.includes("post-given-up");
  return said.includes("post-dropped") && !isKnown;
}

interface PostFact {
  readonly kind: string;
  readonly transId?: string;
  readonly probe?: true;
}

type Exec = (statement: string) => readonly Readonly<Record<string, unknown>>[];

function factsIn(exec: Exec): readonly PostFact[] {
  const [table] = exec("SELECT name FROM sqlite_master WHERE name = 'journal'");
  const rows = table ? exec("SELECT facts FROM journal WHERE facts LIKE '%\"post-%'") : [];
  return rows.flatMap(({ facts }) => JSON.parse(String(facts)) as readonly PostFact[]);
}
