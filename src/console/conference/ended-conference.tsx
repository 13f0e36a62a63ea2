import { hostText } from "../../foundation/text/bare-host.ts";
import type { DirectoryRecord } from "../../records/conference-record.ts";
import { type EndedCall, endedCalls } from "../../views/calls.ts";
import { endText } from "../../views/conferences.ts";
import type { View } from "../../views/view.ts";
import { ageOf } from "../browser/age.js";
import { Empty, Facts, List, Time, useFrame } from "../parts.tsx";
import { pathOf, withQuery } from "../paths.ts";

const ofOneConference = new Set(["Conference", "Name", "Bridge"]);
const calls: View<EndedCall> = {
  ...endedCalls,
  columns: [
    ...endedCalls.columns.filter(({ title }) => !ofOneConference.has(title)),
    { title: "Rooms", cell: ({ rooms }) => rooms.join(", ") },
    { title: "Mutes", cell: ({ mutes }) => mutes, number: true },
  ],
};

interface EndedProps {
  readonly records: readonly DirectoryRecord[];
  readonly hasMore: boolean;
}

/** The records of an ended conference, the latest first, and those of its calls. */
export function EndedConference({ records, hasMore }: EndedProps) {
  const { domain } = useFrame();
  const ended = records.filter((one) => one.kind === "call");
  if (records.length === 0) {
    return (
      <Empty title="It has no records.">
        Calls appear here a second after the conference ends, and are kept as long as the domain's settings say.
      </Empty>
    );
  }
  return (
    <>
      {records.map(
        (one) =>
          one.kind === "conference" && (
            <section>
              <h2>
                From <Time at={one.createdAt} /> to <Time at={one.endedAt} />
              </h2>
              <Facts
                of={{
                  "Ended by": endText(one),
                  Lasted: ageOf(one.seconds * 1_000),
                  Calls: `${one.calls}, at most ${one.mostCallers} at once, ${one.callMinutes} started minutes`,
                  Bridge: one.bridge || "none",
                  "TSP servers": one.webexHosts.map(hostText).join(", ") || "none",
                  Failovers: one.failovers,
                  Repairs: one.repairs,
                  "Undelivered before its end": one.givenUp,
                }}
              />
            </section>
          ),
      )}
      <List view={calls} rows={ended} title="Ended calls" />
      {hasMore && (
        <p>
          These are the latest {records.length} records.{" "}
          <a href={withQuery(pathOf(domain, "records"), { kind: "call", conference: records[0]?.conference })}>
            All calls of this conference
          </a>
        </p>
      )}
    </>
  );
}
