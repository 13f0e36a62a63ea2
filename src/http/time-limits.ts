import { type Timers, within } from "../foundation/timers.ts";
import type { EdgeObjects } from "../rpc.ts";

/** WebEx gives a post up after 10 s. */
const RPC_LIMIT_MS = 8_000;

/** The same objects, where each call rejects after 8 s: one that hangs would hold a request, and its memory, for ever. */
export function withTimeLimits(objects: EdgeObjects, timers: Timers): EdgeObjects {
  const limit = <Value>(what: string, call: Promise<Value>) => within(timers, RPC_LIMIT_MS, what, call);
  return {
    conference(domain, confKey) {
      const conference = objects.conference(domain, confKey);
      return {
        receive: (document) => limit("a conference", conference.receive(document)),
        operate: (request) => limit("a conference", conference.operate(request)),
      };
    },
    aliases(domain) {
      const aliases = objects.aliases(domain);
      return {
        resolve: (request) => limit("the alias index", aliases.resolve(request)),
        hasConference: (confKey) => limit("the alias index", aliases.hasConference(confKey)),
      };
    },
    idAllocator: (domain) => ({
      holderOf: (msgId) => limit("the id allocator", objects.idAllocator(domain).holderOf(msgId)),
    }),
    unroutedMail: (domain, host) => ({
      send: (mail) => limit("the mailbox", objects.unroutedMail(domain, host).send(mail)),
    }),
    bridgeHealth: (domain, bridge) => limit("the relay", objects.bridgeHealth(domain, bridge)),
    connectAgent: (domain, bridge, request) => limit("the relay", objects.connectAgent(domain, bridge, request)),
  };
}
