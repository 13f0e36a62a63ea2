import type { EdgePair } from "../../../src/operators/edge-pair.ts";
import type { Home } from "../home.ts";
import type { LeasedDisk } from "./leased-disk.ts";

/** Both edges of one database, for people. */
export function pairOf(name: string, home: Home, disk: LeasedDisk): EdgePair {
  return {
    name,
    get acts() {
      return home.fault === null;
    },
    get why() {
      return home.fault?.why ?? "";
    },
    async view() {
      const { holding, silentMs, peers } = await disk.view();
      const { epoch, holder, since, why, givenBack, position } = holding;
      return {
        acting: epoch === 0 || givenBack ? null : { name: holder, since, why, epoch },
        // A command holds the lease for a moment, and is no edge.
        edges: peers
          .filter(({ url }) => url !== "")
          .map((peer) => {
            const acts = peer.life === holding.life && !givenBack;
            return {
              ...{ name: peer.name, url: peer.url, version: peer.version, settings: peer.settings, acts },
              ...{ silentMs: acts ? silentMs : peer.seenMsAgo, fault: acts ? null : peer.fault },
              behind: acts ? 0 : Math.max(0, position - peer.position),
            };
          }),
      };
    },
    handOver: () => home.handOver(() => disk.handOver()),
  };
}
