import { budgets } from "../../../src/foundation/guard/budgets.ts";

/** In this order they are closed to make room. A connection in none of these is kept. */
const order = ["stranger", "person", "webex"] as const;
/**
 * `stranger`: WebEx has not posted over it, and nobody who is signed in is being answered. `person`: somebody is.
 * `webex`: WebEx has posted, and waits for nothing.
 * `kept`: an agent's, or one over which WebEx is being answered.
 */
type Standing = (typeof order)[number] | "kept";

/** An open connection, as far as it concerns whether it stays. */
export class Connection {
  standing: Standing = "stranger";
  /** `null`: many people share it. */
  readonly network: string | null;
  readonly end: () => void;
  /** WebEx has posted over it. */
  isOfWebex = false;
  /** Requests that wait for their answer. */
  unanswered = 0;

  constructor(network: string | null, end: () => void) {
    this.network = network;
    this.end = end;
  }
}

/** Where nobody knows who asks now. */
function standingOf({ isOfWebex, unanswered }: Connection): Standing {
  if (!isOfWebex) return "stranger";
  return unanswered > 0 ? "kept" : "webex";
}

/** Connections by their standing. First the one over which no request has come, or ended, for longest. */
class Group {
  readonly #sets: Readonly<Record<Standing, Set<Connection>>> = {
    stranger: new Set(),
    person: new Set(),
    webex: new Set(),
    kept: new Set(),
  };
  size = 0;

  add(connection: Connection): void {
    this.#sets[connection.standing].add(connection);
    this.size += 1;
  }

  delete(connection: Connection): void {
    if (this.#sets[connection.standing].delete(connection)) this.size -= 1;
  }

  /** Who goes first; `null`: all but the newest stay. */
  first(newest: Connection): Connection | null {
    for (const standing of order)
      for (const connection of this.#sets[standing]) if (connection !== newest) return connection;
    return null;
  }
}

interface ConnectionLimits {
  readonly most: number;
  readonly mostOfNetwork: number;
}

export function limitsFor(files: number): ConnectionLimits {
  const { most: atMost, own, ofFiles } = budgets.connections;
  const most = Math.min(atMost, Math.max(1, Math.floor((files - own) * ofFiles)));
  return {
    most,
    mostOfNetwork: Math.floor(most * budgets.connectionsOfAddress.ofAll),
  };
}

/** Decides which connections of an edge stay, so that files are left for its state, its posts and its agents. */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #closed: () => void;
  readonly #all = new Group();
  readonly #byNetwork = new Map<string, Group>();

  /** `closed`: called for each that is closed to make room. */
  constructor(limits: ConnectionLimits, closed: () => void = () => {}) {
    this.#limits = limits;
    this.#closed = closed;
  }

  get size(): number {
    return this.#all.size;
  }

  opened(connection: Connection): void {
    const { network } = connection;
    this.#all.add(connection);
    if (network !== null) {
      const group = this.#byNetwork.get(network) ?? new Group();
      this.#byNetwork.set(network, group);
      group.add(connection);
      if (group.size > this.#limits.mostOfNetwork) this.#makeRoom(group, connection);
    }
    if (this.#all.size > this.#limits.most) this.#makeRoom(this.#all, connection);
  }

  /** A request came over it. */
  asked(connection: Connection): void {
    connection.unanswered += 1;
    this.#move(connection, standingOf(connection));
  }

  /** Its request is WebEx's, and stays until it is answered. */
  admitted(connection: Connection): void {
    connection.isOfWebex = true;
    this.#move(connection, "kept");
  }

  /** Its request is that of a person who is signed in. */
  signedIn(connection: Connection): void {
    if (!connection.isOfWebex) this.#move(connection, "person");
  }

  /** Its request is answered. */
  answered(connection: Connection): void {
    connection.unanswered -= 1;
    this.#move(connection, standingOf(connection));
  }

  /** It is an agent's WebSocket now. */
  upgraded(connection: Connection): void {
    this.#move(connection, "kept");
  }

  closed(connection: Connection): void {
    const { network } = connection;
    this.#all.delete(connection);
    const group = network === null ? undefined : this.#byNetwork.get(network);
    group?.delete(connection);
    if (network !== null && group?.size === 0) this.#byNetwork.delete(network);
  }

  #makeRoom(group: Group, newest: Connection): void {
    const connection = group.first(newest) ?? newest;
    this.closed(connection);
    this.#closed();
    connection.end();
  }

  #move(connection: Connection, standing: Standing): void {
    const group = connection.network === null ? undefined : this.#byNetwork.get(connection.network);
    const groups = group ? [this.#all, group] : [this.#all];
    const before = this.#all.size;
    for (const one of groups) one.delete(connection);
    // It was closed meanwhile.
    if (this.#all.size === before) return;
    connection.standing = standing;
    for (const one of groups) one.add(connection);
  }
}
