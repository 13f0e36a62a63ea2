import type { EpochMs } from "../../foundation/ids.ts";
import { hostText } from "../../foundation/text/bare-host.ts";
import type { DirectoryRecord } from "../../records/conference-record.ts";
import { endText } from "../../views/conferences.ts";
import { ageOf } from "../browser/age.js";
import { Empty, Facts, isolatedText, Listed, Time } from "../parts.tsx";

interface EndedProps {
  /** The latest first. */
  readonly records: readonly DirectoryRecord[];
  readonly now: EpochMs;
}

/** What is kept of a conference that is over: its records, and those of its calls. */
export function EndedConference({ records, now }: EndedProps) {
  const conferences = records.filter((one) => one.kind === "conference");
  const calls = records.filter((one) => one.kind === "call");
  if (records.length === 0) {
    return (
      <Empty title="It has no records.">
        Here stand its calls once they are over, with who ended them and why. They come a second after the end, and are
        kept as long as the domain's settings say.
      </Empty>
    );
  }
  return (
    <>
      {conferences.map((one) => (
        <section>
          <h2>
            From <Time at={one.createdAt} now={now} /> to <Time at={one.endedAt} now={now} />
          </h2>
          <Facts
            of={{
              "Ended by": endText(one),
              Lasted: ageOf(one.seconds * 1_000),
              Calls: [
                one.calls,
                <span class="dim">{`, at most ${one.mostCallers} at once, ${one.callMinutes} started minutes`}</span>,
              ],
              Bridge: one.bridge || "none",
              "TSP servers": one.webexHosts.map(hostText).join(", ") || "none",
              Failovers: one.failovers,
              Repairs: one.repairs,
              "Documents given up": [one.givenUp, <span class="dim"> before its end</span>],
            }}
          />
        </section>
      ))}
      <Listed
        title="Calls that are over"
        rows={calls}
        id={({ life, began, call }) => `ended-${life}-${began}-${call}`}
        classes={{ Mutes: "number" }}
        columns={{
          Number: ({ number, call }) => [number || "withheld", " ", <span class="dim">{call}</span>],
          "Attendee ID": ({ attendeeId }) => isolatedText(attendeeId),
          Direction: ({ direction }) => direction,
          Answered: ({ answeredAt }) =>
            answeredAt === null ? <span class="dim">never</span> : <Time at={answeredAt} now={now} />,
          Ended: ({ endedAt }) => <Time at={endedAt} now={now} />,
          Lasted: ({ seconds }) => ageOf(seconds * 1_000),
          "Ended by": endText,
          Rooms: ({ rooms }) => rooms.join(", ") || null,
          Mutes: ({ mutes }) => mutes,
        }}
      />
    </>
  );
}
