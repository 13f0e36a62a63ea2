import type { OwnPlace } from "../platform/object-place.ts";
import { keptIn } from "./log/kept-values.ts";
import { type HeardTime, nodePost } from "./node-post.ts";
import type { LifePlace } from "./runtime.ts";

interface Shared extends Pick<OwnPlace, "log" | "measures" | "newId" | "machineNow" | "giveWay"> {
  readonly heardTime: HeardTime;
}

/** What an object asks of its place, on plain Node. `shared`: what all objects of the process share. */
export function ownPlaceOf(life: LifePlace, { heardTime, ...shared }: Shared): OwnPlace {
  const { sql, now, doubtMs, skippedMs, after, setAlarm, getAlarm, abort, deleteAll, sockets, outside } = life;
  const { restoredAt, beginRestored, edgeEpoch, beginEpochAfter } = life;
  return {
    ...shared,
    ...{ sql, now, doubtMs, skippedMs, after, setAlarm, getAlarm, abort, deleteAll, beginRestored },
    ...{ kept: keptIn(sql), sockets: { all: sockets } },
    ...(restoredAt !== null && { restoredAt }),
    ...(edgeEpoch !== null && { edgeEpoch, beginEpochAfter }),
    post: (request) =>
      outside((mayLeave) =>
        nodePost(request, request.contentType.startsWith("text/xml") ? heardTime : undefined, mayLeave),
      ),
    onDisk: () => outside(async () => {}),
    fetch: (address, init) => outside(() => fetch(address, init)),
  };
}
