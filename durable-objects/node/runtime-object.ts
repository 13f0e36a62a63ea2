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

/** What a runtime knows of an object that is in memory, has an alarm or has sockets. */
export class RuntimeObject {
  readonly kind: ObjectName;
  /** Kind and name. */
  readonly key: string;
  alarm: EpochMs | null = null;
  /** The alarm whose work is under way, or has failed and comes again unless another one is set. It stays on disk until then. */
  firing: EpochMs | null = null;
  /** Its alarm is at work: the next one waits until that is over, as on workerd. */
  isWaking = false;
  /** How often in a row the work of its alarm has failed. */
  failures = 0;
  /** `alarm` has changed since it was last written. */
  hasNewAlarm = false;
  /** `null`: it is not in memory. */
  loaded: Promise<Loaded> | null = null;
  life: Life | null = null;
  sockets: readonly RuntimeSocket[] = [];
  /** Ends the timer of its alarm. */
  disarm: () => void = () => {};

  constructor(kind: ObjectName, key: string) {
    this.kind = kind;
    this.key = key;
  }

  get name(): string {
    return this.key.slice(this.kind.length + 1);
  }

  /** Whether it had the socket. */
  removeSocket(socket: RuntimeSocket): boolean {
    const before = this.sockets;
    this.sockets = before.filter((one) => one !== socket);
    return this.sockets.length < before.length;
  }

  /** As a line of the log names it: a conference's key is masked there. */
  get logged(): LogFacts {
    const [domain, conference] = this.name.split("/");
    return this.kind === "conference" ? { object: this.kind, domain, conference } : { object: this.key };
  }
}
