import type { ProtocolOverrides } from "../../src/tsp/protocol-table.ts";
import { draws, type WorldContext } from "./context.ts";

/** What a domain's settings leave open, and WebEx too. */
export interface Switches {
  readonly protocol: ProtocolOverrides;
  /** How long answers to one document wait for each other. */
  readonly gatherMs: number;
  /** WebEx's servers put requests of several meetings into one document. */
  readonly sharesDocuments: boolean;
  /** Each create brings other data than the one before. */
  readonly changesCreates: boolean;
  /** Operators act on conferences. */
  readonly hasOperators: boolean;
  /** Operators drain bridges, and have agents hand over. */
  readonly operatesBridges: boolean;
  /** WebEx's servers take no posts now and then, and operators resync them. */
  readonly resyncs: boolean;
  /** Logs and answers have numbers and names as they are. */
  readonly showsPersonal: boolean;
  /** Addresses have queries, and there are connect data, clients' data and a recorder's dial sequence: all of it secret. */
  readonly hasSecretSettings: boolean;
}

/** Of a stream of their own: half of the worlds have the defaults, and a seed means the same there whatever switches there are. */
export function drawSwitches(context: WorldContext): Switches {
  const own = draws(context, "switches");
  const usual = own.chance(0.5);
  const gatherMs = own.chance(0.4) ? 0 : 300;
  const set = (name: keyof ProtocolOverrides, value: unknown) => (own.chance(0.4) ? { [name]: value } : {});
  const protocol = {
    ...set("hostName", true),
    ...set("closedAnswer", "always"),
  };
  const [sharesDocuments, changesCreates, hasOperators] = [own.chance(0.6), own.chance(0.6), own.chance(0.6)];
  const operatesBridges = own.chance(0.6);
  const resyncs = hasOperators && own.chance(0.4);
  const showsPersonal = draws(context, "what is shown").chance(0.3);
  const hasSecretSettings = draws(context, "secret settings").chance(0.4);
  const shown = { showsPersonal, hasSecretSettings };
  const none = { sharesDocuments: false, changesCreates: false, hasOperators: false };
  const drawn: Switches = usual
    ? { protocol: {}, gatherMs: 300, ...none, operatesBridges: false, resyncs: false, ...shown }
    : { protocol, gatherMs, sharesDocuments, changesCreates, hasOperators, operatesBridges, resyncs, ...shown };
  const names: ReadonlySet<string> = context.boosts;
  const on = Object.keys(drawn).filter((name) => names.has(name));
  return { ...drawn, ...Object.fromEntries(on.map((name) => [name, true])) };
}
