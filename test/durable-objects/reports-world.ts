import { BridgeReports } from "../../durable-objects/relay/bridge-reports.ts";
import { RelayStore } from "../../durable-objects/relay/relay-store.ts";
import type { ConferenceEvent } from "../../src/bridge/events.ts";
import type { BridgeName, CommandId, ConfKey, DomainName, StreamId } from "../../src/foundation/ids.ts";
import type { AgentReports } from "../../src/rpc/conference.ts";
import type { Clock } from "../kit/clock.ts";
import { Database } from "../kit/database.ts";
import { fakePlatform } from "./fakes.ts";

/** What a relay brings its conferences: `compare` gets each digest and acknowledged command, and `write` each line of the relay's log. */
export class ReportsWorld {
  readonly #store = new RelayStore(new Database());
  readonly #time: Clock;
  readonly #reports: BridgeReports;

  constructor(
    time: Clock,
    compare: (conference: ConfKey, digest: string) => Promise<"undecided">,
    write: (line: string) => void,
  ) {
    this.#time = time;
    const conference = (_: DomainName, key: ConfKey) => ({
      id: "",
      compareDigest: (_bridge: BridgeName, digest: string) => compare(key, digest),
      ackCommands: async (_bridge: BridgeName, ids: readonly CommandId[]) => void (await compare(key, ids.join())),
      async report({ reports }: AgentReports) {
        await compare(key, reports.map(({ report }) => (report.type === "event" ? report.event.type : "")).join());
        return 0;
      },
    });
    const ports = {
      ...fakePlatform(time),
      conference,
      keepPromptCalls: async () => {},
      sockets: { send: () => {} },
      identity: () => ({ domain: "acme" as DomainName, bridge: "east" as BridgeName }),
      state: () => ({ epoch: 1, lastActive: null, links: [] }),
      known: () => ({}),
    };
    const log = (event: string, _: string, { conference, error = "" }: { conference?: unknown; error?: unknown }) =>
      write(`${conference} ${event} ${error}`.trim());
    this.#reports = new BridgeReports(ports, this.#store, log);
  }

  add(key: string, digest: string): void {
    const conference = key as ConfKey;
    this.#store.addConference(conference, this.#time.now);
    this.#reports.add({ type: "digest", id: "link", conference, digest });
  }

  /** `number`: that of the first event. */
  report(key: string, number: number, ...events: readonly ConferenceEvent[]): void {
    const conference = key as ConfKey;
    this.#store.addConference(conference, this.#time.now);
    const reports = events.map((event, index) => ({
      number: number + index,
      report: { type: "event", event } as const,
    }));
    this.#reports.add({ type: "reports", id: "link", conference, stream: "s" as StreamId, cannot: [], reports });
  }

  ack(key: string, command: string): void {
    const conference = key as ConfKey;
    this.#store.addConference(conference, this.#time.now);
    this.#reports.add({ type: "commands-ack", conference, ids: [command as CommandId], waiting: [] });
  }
}
