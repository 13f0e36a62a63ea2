import { promptEnds } from "../../src/bridge/prompt-call.ts";
import type { DomainName, EpochMs } from "../../src/foundation/ids.ts";
import type { Acknowledgement, FoundTrouble, KnownTrouble } from "../../src/operators/trouble.ts";
import type { DirectoryRpc, WebhookView } from "../../src/rpc/directory.ts";
import type { RefusedCaller } from "../../src/rpc/directory-feed.ts";
import { LazyTables } from "../platform/lazy-tables.ts";
import type { Sql } from "../platform/platform.ts";
import type { GivenUpStore } from "./given-up-store.ts";
import type { RunningList } from "./running-list.ts";

interface KnownTroublePorts {
  readonly sql: Sql;
  readonly givenUp: GivenUpStore;
  readonly list: RunningList;
  readonly prompt: Pick<DirectoryRpc, "refusedCallers">;
  webhooks(domain: DomainName): readonly WebhookView[];
  /** Writes to the domain's disk, all or nothing. */
  transaction(domain: DomainName, work: () => void): void;
  changed(): void;
}

const table =
  "CREATE TABLE IF NOT EXISTS acknowledgement (id TEXT PRIMARY KEY, at INTEGER NOT NULL, data TEXT NOT NULL) WITHOUT ROWID";

/** What the directory knows of trouble, and who has acknowledged what: a row for each, which the first one makes the table of. */
export class KnownTroubles implements Pick<DirectoryRpc, "trouble" | "acknowledge"> {
  readonly #ports: KnownTroublePorts;
  readonly #table: LazyTables;

  constructor(ports: KnownTroublePorts) {
    this.#ports = ports;
    this.#table = new LazyTables(ports.sql, "acknowledgement", table);
  }

  async trouble(domain: DomainName): Promise<KnownTrouble> {
    const { list, givenUp, prompt, webhooks } = this.#ports;
    await list.allKnown();
    const refused = Map.groupBy(await prompt.refusedCallers(), ({ number }) => number);
    const acknowledged = this.#table.read("SELECT data FROM acknowledgement").map(({ data }) => {
      return JSON.parse(String(data)) as Acknowledgement;
    });
    const upTo = new Map(acknowledged.map((one) => [one.id, one.upTo]));
    return {
      givenUp: givenUp.openByHost((host) => upTo.get(`posts-given-up:${host}`) ?? Number.NEGATIVE_INFINITY),
      refused: Array.from(refused, ([number, calls]) => refusedCaller(number, calls)),
      ...{ late: list.late, webhooks: webhooks(domain), acknowledged },
    };
  }

  async acknowledge(domain: DomainName, acknowledgement: Acknowledgement): Promise<void> {
    const { id, at } = acknowledgement;
    this.#ports.transaction(domain, () => {
      this.#table.make();
      this.#ports.sql.exec(
        `INSERT INTO acknowledgement (id, at, data) VALUES (?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET at = excluded.at, data = excluded.data`,
        ...[id, at, JSON.stringify(acknowledgement)],
      );
    });
    this.#ports.changed();
  }

  deleteBefore(at: EpochMs): void {
    if (this.#table.areThere) this.#ports.sql.exec("DELETE FROM acknowledgement WHERE at < ?", at);
  }
}

/** Of callers without a whole number, nobody knows who is who: they are one. */
function refusedCaller(number: string, all: readonly RefusedCaller[]): FoundTrouble {
  const last = all.reduce((one, other) => (other.latest.at > one.latest.at ? other : one)).latest;
  return {
    ...{ kind: "caller-refused", about: number === "" ? null : number, latest: last.at },
    since: Math.min(...all.map(({ since }) => since)),
    count: all.reduce((sum, { calls }) => sum + calls, 0),
    why: last.end ? promptEnds[last.end.why] : "",
  };
}
