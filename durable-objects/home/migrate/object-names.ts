import type { ObjectName } from "../../../src/rpc/objects.ts";
import { hasTable, type Sql } from "../../platform/platform.ts";
import { workerdId } from "./workerd-id.ts";

/** A query for names, in a table that an object need not have. */
interface NameQuery {
  readonly table: string;
  readonly query: string;
}

interface KindOnWorkerd {
  readonly class: string;
  /** What its rows say of its own name. */
  readonly own: readonly NameQuery[];
  /** What they have of domains, or of keys of conferences in their domain. */
  readonly domains?: NameQuery;
  readonly confKeys?: NameQuery;
}

const owner: NameQuery = { table: "owner", query: "SELECT domain AS name FROM owner" };

/** All kinds, in the order in which their objects are looked at: the first ones name the others. */
export const kindsOnWorkerd: { readonly [Kind in ObjectName]: KindOnWorkerd } = {
  counts: {
    class: "CountsObject",
    own: [],
    domains: { table: "counts", query: "SELECT domain AS name FROM counts" },
  },
  sessions: { class: "SessionsObject", own: [] },
  idAllocator: {
    class: "IdAllocatorObject",
    own: [{ table: "entry", query: "SELECT value ->> '$' AS name FROM entry WHERE key = 'domain'" }],
    confKeys: { table: "allocated", query: "SELECT DISTINCT holder AS name FROM allocated" },
  },
  directory: { class: "DirectoryObject", own: [{ table: "about", query: "SELECT domain AS name FROM about" }] },
  handles: {
    class: "HandleIndexObject",
    own: [{ table: "release_progress", query: "SELECT domain AS name FROM release_progress" }],
    confKeys: { table: "handle", query: "SELECT DISTINCT conf_key AS name FROM handle" },
  },
  mailbox: { class: "MailboxObject", own: [owner] },
  relay: {
    class: "RelayObject",
    own: [
      {
        table: "entry",
        query: `SELECT value ->> '$.identity.domain' || '/' || (value ->> '$.identity.bridge') AS name
          FROM entry WHERE key = 'absences'`,
      },
    ],
    confKeys: { table: "conference", query: "SELECT key AS name FROM conference" },
  },
  conference: {
    class: "ConferenceObject",
    own: [
      {
        table: "entry",
        query:
          "SELECT value ->> '$.domain' || '/' || (value ->> '$.confKey') AS name FROM entry WHERE key = 'identity'",
      },
      {
        // One that is over has nothing but its journal.
        table: "journal",
        query: `SELECT change.value ->> '$[1].domain' || '/' || (change.value ->> '$[1].confKey') AS name
          FROM journal, json_each(changes) AS change WHERE change.value ->> '$[0]' = 'identity'`,
      },
    ],
  },
};

/** What the settings say of a domain. */
export interface DomainInSettings {
  readonly name: string;
  readonly bridges: readonly string[];
}

/** Finds the name of which workerd has made an id, among those that settings and rows speak of. */
export class ObjectNames {
  readonly #names = new Map<string, string>();

  constructor(domains: Iterable<DomainInSettings>) {
    for (const { name, bridges } of domains) {
      this.#addDomain(name);
      for (const bridge of bridges) this.#add("relay", `${name}/${bridge}`);
    }
    for (const kind of ["counts", "sessions"] as const) this.#add(kind, "all");
  }

  /** `null`: nothing that was looked at so far has the name. `listed`: the name that workerd's alarms have for the id. */
  nameOf(kind: ObjectName, id: string, rows: Sql, listed: string | null): string | null {
    const { own, domains, confKeys } = kindsOnWorkerd[kind];
    for (const query of own) for (const name of namesBy(rows, query)) this.#add(kind, name);
    if (listed !== null) this.#add(kind, listed);
    const found = this.#names.get(`${kind}/${id}`);
    if (found === undefined) return null;
    const [domain] = found.split("/");
    if (domains) for (const name of namesBy(rows, domains)) this.#addDomain(name);
    if (confKeys) for (const key of namesBy(rows, confKeys)) this.#add("conference", `${domain}/${key}`);
    return found;
  }

  #addDomain(name: string): void {
    for (const kind of ["idAllocator", "directory", "handles", "mailbox"] as const) this.#add(kind, name);
  }

  #add(kind: ObjectName, name: string): void {
    this.#names.set(`${kind}/${workerdId(`bridgehead-${kindsOnWorkerd[kind].class}`, name)}`, name);
  }
}

function namesBy(rows: Sql, { table, query }: NameQuery): readonly string[] {
  if (!hasTable(rows, table)) return [];
  return rows.exec(query).flatMap(({ name }) => (typeof name === "string" && name !== "" ? name : []));
}
