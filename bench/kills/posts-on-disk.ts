import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Of each document of a conference, by its TransID, what its journal says of posts, in order; `probe-failed`: a probe that was given up. */
export type PostsOnDisk = ReadonlyMap<string, readonly string[]>;

/** Reads along with the edge, which goes on. `state`: the folder of the local run. */
export function postsOnDisk(state: string): PostsOnDisk {
  const posts = new Map<string, string[]>();
  const files = readdirSync(state, { recursive: true, encoding: "utf8" }).filter((file) =>
    /bridgehead-ConferenceObject\/[0-9a-f]+\.sqlite$/.test(file),
  );
  for (const file of files)
    for (const { kind, transId, probe } of factsIn(join(state, file))) {
      if (transId === undefined || !kind.startsWith("post-")) continue;
      posts.set(transId, [...(posts.get(transId) ?? []), probe ? "probe-failed" : kind]);
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

function factsIn(file: string): readonly PostFact[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const [table] = database.prepare("SELECT name FROM sqlite_master WHERE name = 'journal'").all();
    const rows = table ? database.prepare("SELECT facts FROM journal WHERE facts LIKE '%\"post-%'").all() : [];
    return rows.flatMap(({ facts }) => JSON.parse(String(facts)) as readonly PostFact[]);
  } finally {
    database.close();
  }
}
