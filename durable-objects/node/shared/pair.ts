import type { EdgePair } from "../../../src/operators/edge-pair.ts";
import type { Runtime } from "../runtime.ts";
import type { LeasedDisk } from "./leased-disk.ts";

/** Both edges of one database, for people. */
export function pairOf(name: string, runtime: Runtime, disk: LeasedDisk): EdgePair {
  return {
    name,
    get acts() {
      return runtime.fault === null;
    },
    get why() {
      return runtime.fault?.why ?? "";
    },
    async view() {
      const { holding, silentMs, peers } = await disk.view();
      const { epoch, holder, since, why, givenBack, position } = holding;
      const acting = givenBack ? undefined : peers.find(({ life }) => life === holding.life);
      return {
        acting: epoch === 0 || givenBack ? null : { name: holder, since, why, epoch },
        // A command holds the lease for a moment, and is no edge.
        edges: peers
          .filter(({ url }) => url !== "")
          .map((peer) => {
            const { name, url, version } = peer;
            if (peer === acting) return { name, url, version, acts: true, silentMs, behind: 0, fault: null };
            const differs = acting && acting.settings !== peer.settings;
            return {
              ...{ name, url, version, acts: false, silentMs: peer.seenMsAgo },
              behind: Math.max(0, position - peer.position),
              fault: peer.fault ?? (differs ? "its domains, people or operator's token are others" : null),
            };
          }),
      };
    },
    handOver: () => runtime.handOver(() => disk.handOver()),
  };
}
