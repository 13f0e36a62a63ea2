import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Fact, facts } from "../../src/conference/facts.ts";
import type { TransId } from "../../src/foundation/ids.ts";
import { Stage } from "../transcripts/stage.ts";
import { parseTranscript } from "../transcripts/transcript.ts";
import { ConferenceWorld, createConference, identity } from "./conference-world.ts";

/** What the rules say in all transcripts. */
function inTranscripts(): readonly Fact[] {
  const folder = join(import.meta.dirname, "../transcripts");
  const names = readdirSync(folder).filter((name) => name.endsWith(".txt"));
  return names.flatMap((name) => {
    const stage = new Stage();
    const steps = parseTranscript(readFileSync(join(folder, name), "utf8")).filter((item) => typeof item !== "string");
    return steps.flatMap(({ happens }) => {
      stage.happen(happens);
      return stage.facts;
    });
  });
}

/** What the outbox and the queue say of a server that does not confirm, and of one that may not be posted to. */
async function inOutbox(): Promise<readonly Fact[]> {
  const world = await ConferenceWorld.running(0);
  const create = createConference({ msgId: "m2", extConfId: "7002", replyTo: "evil.example.com:80" } as never);
  await world.received("taken-over", create);
  world.answer = () => ({ kind: "failed", reason: "TimeoutError" });
  await world.received("anew", createConference({ msgId: "m3", extConfId: "7003" } as never));
  await world.during(world.conference.receive({ ...identity, transId: "c" as TransId, messages: [], counts: true }));
  return world.stored.journal.facts(0).flatMap(({ facts }) => facts);
}

test("each fact is said: by a rule in a transcript, or by who posts", async () => {
  const said = new Set([...inTranscripts(), ...(await inOutbox())].map(({ kind }) => kind));

  expect([...said].toSorted()).toEqual(Object.keys(facts).toSorted());
});
