import { DurableObject } from "cloudflare:workers";
import { dayMs } from "../../src/foundation/time/timers.ts";
import { objectClass } from "../platform/object-class.ts";
import { HandleIndex } from "./handle-index.ts";

export const HandleIndexObject = objectClass("handles", DurableObject, (place) => {
  const index = new HandleIndex({
    ...place,
    retentionMs: (name) => {
      const domain = place.domain(name);
      return domain && domain.settings.journalRetentionDays * dayMs;
    },
    hasHandle(domain, { confKey, extConfId }, claimedBy) {
      const conference = place.conference(domain, confKey);
      return conference.hasHandle(extConfId, claimedBy).catch((error: unknown) => {
        throw new Error(`conference object ${conference.id}: ${error}`);
      });
    },
  });
  return index;
});
