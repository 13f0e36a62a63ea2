import type { Env } from "../durable-objects/platform.ts";
import type { DirectoryAnswer } from "../src/rpc/directory-update.ts";
import * as product from "../src/worker.ts";

export * from "../src/worker.ts";
export { default } from "../src/worker.ts";

/** A directory that is told nothing. */
const nobody = {
  getByName: () => ({ tell: async (): Promise<DirectoryAnswer> => ({ directory: "", id: 0, isShown: false }) }),
};

/** The edge as it is deployed, but for its conferences: what they would tell their directory goes nowhere. */
export class ConferenceObject extends product.ConferenceObject {
  constructor(context: DurableObjectState, env: Env) {
    super(context, { ...env, DIRECTORY: nobody as unknown as Env["DIRECTORY"] });
  }
}
