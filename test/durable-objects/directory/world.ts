import type { Directory } from "../../../durable-objects/directory/directory.ts";
import type { Report } from "../../../src/bridge/events.ts";
import type { ConfKey, DomainName } from "../../../src/foundation/ids.ts";
import type { Alert, AlertKind } from "../../../src/operators/alert-kinds.ts";
import { alertsOf } from "../../../src/operators/alerts.ts";
import type { CallRecord } from "../../../src/records/call-record.ts";
import type { DirectoryRecord } from "../../../src/records/conference-record.ts";
import type { RecordPage, RecordQuery } from "../../../src/rpc/directory.ts";
import type { Holder } from "../../../src/rpc/id-allocator.ts";
import type { Domain } from "../../../src/settings/load.ts";
import { entered, event } from "../../builders.ts";
import { Clock } from "../../kit/clock.ts";
import { Database } from "../../kit/database.ts";
import { worldBegins } from "../../kit/world-begins.ts";
import { testDomain } from "../../local-domain.ts";
import { aCallRecord } from "../../records/a-record.ts";
import { ConferenceWorld, confKey } from "../conference-world.ts";
import { aDirectory } from "../fakes.ts";

export const domain = "local" as DomainName;

/** The alerts of the domain that this directory knows, of one kind if it is given. */
export async function alertsIn({ alertStore }: Directory, now: number, kind?: AlertKind): Promise<readonly Alert[]> {
  const known = await alertStore.alerts(domain);
  const all = alertsOf([], [], { domain, known, mail: [] }, now);
  return all.filter((alert) => kind === undefined || alert.kind === kind);
}

/** A directory and its disk; each life of the object is another one over it. */
export class DirectoryWorld {
  readonly time = new Clock(worldBegins);
  sql = new Database();
  domain: Domain | null = testDomain();
  alarmAt: number | null = null;
  deleted = 0;
  readonly asked: string[] = [];
  /** The conferences that were allocated ids, the latest first. */
  holders: readonly Holder[] = [{ key: confKey, place: 1, at: worldBegins, quietUntil: null }];
  /** What a conference does that is asked for its rows. */
  publish: (key: ConfKey, isWhole: boolean) => Promise<boolean> = async () => true;
  directory: Directory;
  #nonces = 0;

  constructor() {
    this.directory = this.start();
  }

  start(): Directory {
    this.directory = aDirectory(this.time, {
      sql: this.sql,
      domain: () => this.domain,
      conference: (_, key) => ({
        publish: async (isWhole) => {
          this.asked.push(key);
          return this.publish(key, isWhole);
        },
      }),
      conferencesOf: async (_, __, before) => ({
        holders: this.holders.filter(({ place }) => before === null || place < before),
        next: null,
      }),
      nonce: () => String(++this.#nonces),
      setAlarm: async (at) => {
        this.alarmAt = at;
      },
      getAlarm: async () => this.alarmAt,
      deleteAll: async () => {
        this.deleted += 1;
      },
    });
    return this.directory;
  }

  /** Records, the oldest first. */
  records(more: Partial<RecordQuery> = {}): Promise<RecordPage> {
    return this.directory.recordStore.records({ domain, cursor: null, order: "oldest", limit: 1_000, ...more });
  }

  async all(more: Partial<RecordQuery> = {}): Promise<readonly DirectoryRecord[]> {
    return (await this.records(more)).records.map(({ record }) => record);
  }

  /** A conference that publishes to this directory. */
  conference(): ConferenceWorld {
    const world = new ConferenceWorld();
    world.publish = (batch) => this.directory.publish(batch);
    this.publish = (_, isWhole) => world.conference.publish(isWhole);
    return world;
  }
}

export const ended = event({ type: "conference-ended" });

export function call(name: string, more: Partial<CallRecord> = {}): CallRecord {
  const times = { answeredAt: worldBegins, enteredAt: worldBegins, endedAt: worldBegins };
  return aCallRecord({ conference: confKey, call: name, ...times, ...more });
}

export const list = (world: DirectoryWorld, more: object = {}) =>
  world.directory.list.running({ domain, after: null, limit: 100, ...more });

export const personEntered = (call: number): Report => entered({ call: `c${call}`, number: String(44_200_000 + call) });
