import type { DomainName } from "../foundation/ids.ts";
import { type Timers, wait, within } from "../foundation/time/timers.ts";
import type { AuditEntry } from "../operators/audit.ts";
import type { DirectoryRpc } from "../rpc/directory.ts";
import type { EdgePorts } from "./edge-ports.ts";
import { failureOf } from "./objects-of-request.ts";

interface Ports extends Timers, Pick<EdgePorts, "log"> {
  directory(domain: DomainName): Pick<DirectoryRpc, "keepAudit">;
}

/** The platform gives work behind an answer 30 s. */
const PAUSES_MS = [0, 1_000, 5_000];
const ANSWER_WITHIN_MS = 7_000;
/** Somebody waits for it. */
const ASKED_WITHIN_MS = 2_000;

/** Has the domain's directory keep that something is asked; `false`: it did not within 2 s. */
export async function keepAsked(ports: Omit<Ports, "log">, domain: DomainName, entry: AuditEntry): Promise<boolean> {
  try {
    await within(ports, ASKED_WITHIN_MS, "the directory", ports.directory(domain).keepAudit(domain, entry));
    return true;
  } catch {
    // Told again with its outcome, whose failures are logged.
    return false;
  }
}

/** Has the domain's directory keep what a person has asked, and asks again where that fails. The log has it in any case. */
export async function keepAudit(ports: Ports, domain: DomainName, entry: AuditEntry): Promise<void> {
  let failure: unknown;
  for (const pauseMs of PAUSES_MS) {
    if (pauseMs > 0) await wait(ports, pauseMs);
    try {
      // Each time anew: the stub of an object that has ended stays broken.
      const kept = ports.directory(domain).keepAudit(domain, entry);
      return await within(ports, ANSWER_WITHIN_MS, "the directory", kept);
    } catch (error) {
      failure = error;
    }
  }
  const { person, action, actionId } = entry;
  ports.log("audit-not-kept", { domain, person, action, actionId, error: failureOf(failure).error }, "error");
}
