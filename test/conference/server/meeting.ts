import { decide } from "../../../src/conference/decide.ts";
import type { Decision } from "../../../src/conference/draft.ts";
import type { Fact } from "../../../src/conference/facts.ts";
import type { ConferenceInput } from "../../../src/conference/inputs.ts";
import type { Post, UndeliveredDocument } from "../../../src/conference/server/posts.ts";
import type { Rows } from "../../../src/conference/server/queue.ts";
import type { Caller, Outage } from "../../../src/conference/state.ts";
import type { CallId, ConfKey, MsgId, WebexHost } from "../../../src/foundation/ids.ts";
import { testDomain } from "../../local-domain.ts";
import { Stage } from "../../transcripts/stage.ts";

/** The server that a transcript's conference has at first. */
export const tsp1 = "tsp1.example.com:80" as WebexHost;

/** A conference that lines of a transcript happen to, one after the other; lines of one text happen together. */
export class Meeting extends Stage {
  constructor(...texts: readonly string[]) {
    super();
    this.go(...texts);
  }

  /** What follows from the last text. */
  go(...texts: readonly string[]): readonly string[] {
    return texts.map((text) => this.happen(text.split("\n").map((line) => line.trim()))).at(-1) ?? [];
  }

  /** The first document that waits is given up; a probe is known as one. */
  giveUp(more: Partial<UndeliveredDocument> = {}, rows: Rows = this.rows.slice(0, 1)): readonly string[] {
    const [row] = rows;
    if (!row) throw new Error("nothing waits");
    const { host, transId, probe, oneAttempt } = row;
    const of = { ...{ host, transId, attempts: 3, why: "HTTP status 500" }, ...(probe && { probe }) };
    const messages = rows.flatMap((one) => one.messages);
    return this.decide({
      ...{ type: "undelivered", at: this.now, messages },
      of: { ...of, ...(oneAttempt && { oneAttempt }), ...more },
    });
  }

  /** What its server is owed, in the order in which it was missed, by the keys of `debts.ts` with short names. */
  get owed(): readonly string[] {
    return [...this.state.debts.keys()].map((key) => key.replace(/\S+/g, (word) => this.nameOf(word)));
  }

  get outage(): Outage | undefined {
    return [...this.state.outages.values()][0];
  }

  caller(call: string): Caller | undefined {
    return this.state.callers.get(call as CallId);
  }

  said<Kind extends Fact["kind"]>(kind: Kind): readonly Extract<Fact, { kind: Kind }>[] {
    return this.facts.filter((fact): fact is Extract<Fact, { kind: Kind }> => fact.kind === kind);
  }
}

/** A decision about it, where this is what waits. */
export function decideOn(
  { state }: Pick<Meeting, "state">,
  input: ConferenceInput,
  posts: readonly Post[] = [],
): Decision {
  let ids = 0;
  return decide(state, input, {
    ...{ confKey: "987654321" as ConfKey, settings: testDomain().settings, bridge: null, cannot: [], row: 2 },
    ...{ serial: () => ++ids, nonce: () => "n", msgId: () => `m${++ids}` as MsgId },
    ...{ unconfirmed: () => posts, sends: () => true },
  });
}
