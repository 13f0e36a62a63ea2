import type { ConfKey, DomainName, EpochMs } from "../src/foundation/ids.ts";
import type { Log } from "./log.ts";
import type { ConferenceRpc, NumberPoolRpc } from "./rpc.ts";

interface SweepPorts {
  readonly domains: Iterable<DomainName>;
  numberPool(domain: DomainName): Pick<NumberPoolRpc, "holdersSince">;
  conference(domain: DomainName, confKey: ConfKey): Pick<ConferenceRpc, "sweep">;
  readonly log: Log;
}

/** A conference takes numbers when it begins, and again and again as long as it has something to say. */
const reachMs = 6 * 3_600_000;

/**
 * Wakes the conferences of the last hours, so that they do what is overdue. The platform gives an alarm up that failed
 * some times in a row, as in an outage of a few minutes: then nothing else would wake a conference that nobody talks to. Which
 * ones there are is known by the numbers that they took, so that no message pays for this.
 */
export async function sweep({ domains, numberPool, conference, log }: SweepPorts, now: EpochMs): Promise<void> {
  for (const domain of domains) {
    try {
      let from: number | null = null;
      do {
        const page: Awaited<ReturnType<NumberPoolRpc["holdersSince"]>> = await numberPool(domain).holdersSince(
          now - reachMs,
          from,
        );
        const outcomes = await Promise.allSettled(page.holders.map((confKey) => conference(domain, confKey).sweep()));
        const failed = outcomes.filter(({ status }) => status === "rejected").length;
        if (failed > 0) log({ level: "warn", event: "not-swept", domain, conferences: failed });
        from = page.next;
      } while (from !== null);
    } catch (error) {
      log({ level: "error", event: "sweep-broke", domain, why: String(error) });
    }
  }
}
