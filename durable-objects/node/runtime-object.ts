import type { EpochMs } from "../../src/foundation/ids.ts";
import type { LogFacts } from "../../src/foundation/text/log-line.ts";
import type { ObjectName } from "../../src/rpc/objects.ts";
import type { Whole } from "../platform/object-kinds.ts";
import type { Life } from "./life.ts";
import type { RuntimeSocket } from "./runtime-socket.ts";

export interface Loaded {
  readonly life: Life;
  readonly whole: Whole;
}

/** The runtime's entry for an object that is loaded, has an alarm or has sockets. */
export class RuntimeObject {
  readonly kind: ObjectName;
  /** `kind/name` */
  readonly key: string;
  alarm: EpochMs | null = null;
  /** The alarm that runs or will be retried. It stays on disk until it succeeds or another one is set. */
  firing: EpochMs | null = null;
  /** True while an alarm runs. The next one waits until it is done, as on workerd. */
  isWaking = false;
  /** Number of consecutive failures of its alarm. */
  failures = 0;
  /** True if `alarm` has changed since the last flush. */
  hasNewAlarm = false;
  /** `null` if the object is not loaded. */
  loaded: Promise<Loaded> | null = null;
  life: Life | null = null;
  sockets: readonly RuntimeSocket[] = [];
  /** Stops the timer of its alarm. */
  disarm: () => void = () => {};

  constructor(kind: ObjectName, key: string) {
    this.kind = kind;
    this.key = key;
  }

  get name(): string {
    return this.key.slice(this.kind.length + 1);
  }

  /** Returns true if the object had the socket. */
  removeSocket(socket: RuntimeSocket): boolean {
    const before = this.sockets;
    this.sockets = before.filter((one) => one !== socket);
    return this.sockets.length < before.length;
  }

  /** The object's name in the log, where a conference key is masked. */
  get logged(): LogFacts {
    const [domain, conference] = this.name.split("/");
    return this.kind === "conference" ? { object: this.kind, domain, conference } : { object: this.key };
  }
}
