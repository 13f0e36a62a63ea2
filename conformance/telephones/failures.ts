import { NotTestable } from "../player/outcome.ts";
import type { Telephones } from "./telephones.ts";

/** How each sentence about them begins. */
export const TELEPHONES_FAILED = "the telephones failed";

/** Thrown by a clause whose telephones failed: that says nothing about the adapter. */
class TelephonesFailed extends NotTestable {
  constructor(cause: unknown) {
    super(`${TELEPHONES_FAILED}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/** The same telephones; whatever they throw that is no verdict becomes `TelephonesFailed`. */
export function namingFailures(telephones: Telephones): Telephones {
  return new Proxy(telephones, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      if (name === "cannot") return member.bind(target);
      return async (...values: readonly unknown[]) => {
        try {
          return await member.apply(target, values);
        } catch (error) {
          throw error instanceof NotTestable ? error : new TelephonesFailed(error);
        }
      };
    },
  });
}
