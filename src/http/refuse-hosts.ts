import { targetUrl } from "../delivery/target-url.ts";
import type { Domain } from "../domain.ts";
import type { TransId } from "../foundation/ids.ts";
import { isAnswered } from "../tsp/answers.ts";
import type { FromWebex } from "../tsp/messages.ts";
import type { Edge } from "./edge.ts";

/**
 * The messages whose host may be posted to, or that name none. Nobody could be told what became of the others, so they
 * are not carried out, and the host names of strangers make no objects (protocol T16).
 */
export function refuseHosts(
  messages: readonly FromWebex[],
  transId: TransId,
  domain: Domain,
  edge: Pick<Edge, "log" | "metrics">,
): readonly FromWebex[] {
  return messages.filter((message) => {
    const { type, replyTo: host } = message;
    if (host === undefined || !isAnswered(message)) return true;
    const target = targetUrl(host, domain.settings.webex);
    if (target.ok) return true;
    edge.log("host-refused", { domain: domain.name, transId, host, message: type, why: target.error.kind });
    edge.metrics.count("bridgehead_hosts_refused_total", { domain: domain.name });
    return false;
  });
}
