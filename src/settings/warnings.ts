import { isLoopback } from "../foundation/loopback.ts";
import type { Domain } from "./load.ts";

/** What works, and is not right in production: sentences behind the domain's name. */
export function warningsOf({ settings: { adapterSecrets, webex } }: Pick<Domain, "settings">): readonly string[] {
  const isOpen = adapterSecrets.length === 0 && !webex.hosts.every(isLoopback);
  return isOpen ? ["has no adapterSecrets: whoever knows its name can command its conferences (docs/security.md)"] : [];
}

/** What staff should keep in mind: sentences behind the domain's name. */
export function remindersOf({ settings: { adapterSecrets, bridges } }: Pick<Domain, "settings">): readonly string[] {
  const alone = bridges.filter(({ agents }) => agents.length === 1).map(({ name }) => name);
  return [
    ...(adapterSecrets.length > 1
      ? ["has two adapterSecrets: once WebEx posts by the new one alone, take the old one out"]
      : []),
    ...alone.map((name) => `has one agent at the bridge ${name}: no other stands by for the time in which it is away`),
  ];
}
