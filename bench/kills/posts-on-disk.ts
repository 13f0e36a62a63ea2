import { rowsOnDisk, type StatePlace } from "../rows-on-disk.ts";

/** Of each document of a conference, by its TransID, what its journal says of posts, in order; `probe-failed`: a probe that was given up. */
export type PostsOnDisk = ReadonlyMap<string, readonly string[]>;

const conferences = { kind: "ConferenceObject", names: "conference/", table: "journal" } as const;

/** Reads along with the edge, which goes on. `state`: the folder of the local run. */
export async function postsOnDisk(place: StatePlace): Promise<PostsOnDisk> {
  const posts = new Map<string, string[]>();
  const rows = await rowsOnDisk(place, conferences, "SELECT facts FROM journal WHERE facts LIKE '%\"post-%'");
  for (const { kind, transId, probe } of rows.flatMap(({ facts }): readonly PostFact[] => JSON.parse(String(facts)))) {
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
