import type { Env } from "../durable-objects/cloudflare/env.ts";
import type { FactPage, FeedAnswer } from "../src/rpc/directory-feed.ts";
import * as product from "../src/worker.ts";

export * from "../src/worker.ts";
export { default } from "../src/worker.ts";

/** A directory that is told nothing. */
const nobody = {
  getByName: () => ({
    follow: async ({ upTo: row }: FactPage): Promise<FeedAnswer> => {
      return { row, place: { directory: "", id: 0 }, isWatched: false, pauseMs: 1_000 };
    },
  }),
};

/** The edge as it is deployed, but for its conferences: what they would tell their directory goes nowhere. */
export class ConferenceObject extends product.ConferenceObject {
  constructor(context: DurableObjectState, env: Env) {
    super(context, { ...env, DIRECTORY: nobody as unknown as Env["DIRECTORY"] });
  }
}
