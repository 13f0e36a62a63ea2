import type { EpochMs } from "../../foundation/ids.ts";
import type { CallRecord } from "../../records/call-record.ts";
import type { ConferenceRecord, DirectoryRecord } from "../../records/conference-record.ts";
import { ageOf } from "../browser/age.js";
import { endOf } from "../domain/record-list.tsx";
import { Empty, Fact, None, Table, Time } from "../parts.tsx";

interface EndedProps {
  /** The latest first. */
  readonly records: readonly DirectoryRecord[];
  readonly now: EpochMs;
}

/** What is kept of a conference that is over: its records, and those of its calls. */
export function EndedConference({ records, now }: EndedProps) {
  const conferences = records.filter((one): one is ConferenceRecord => one.kind === "conference");
  const calls = records.filter((one): one is CallRecord => one.kind === "call");
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
          <dl class="glance">
            <Fact name="Ended by">{endOf(one)}</Fact>
            <Fact name="Lasted">{ageOf(one.seconds * 1_000)}</Fact>
            <Fact name="Calls">
              {String(one.calls)}
              <span class="dim">{`, at most ${one.mostCallers} at once, ${one.callMinutes} started minutes`}</span>
            </Fact>
            <Fact name="Bridge">{one.bridge || "none"}</Fact>
            <Fact name="WebEx hosts">{one.webexHosts.join(", ") || "none"}</Fact>
            <Fact name="Failovers">{String(one.failovers)}</Fact>
            <Fact name="Repairs">{String(one.repairs)}</Fact>
            <Fact name="Given up">{String(one.givenUp)}</Fact>
          </dl>
        </section>
      ))}
      {calls.length > 0 && <EndedCalls {...{ calls, now }} />}
    </>
  );
}

function EndedCalls({ calls, now }: { readonly calls: readonly CallRecord[]; readonly now: EpochMs }) {
  return (
    <section>
      <h2>Calls that are over</h2>
      <Table
        heads={[
          "Number",
          "Attendee ID",
          "Direction",
          "Answered",
          "Ended",
          "Lasted",
          "Ended by",
          "Rooms",
          { number: "Mutes" },
        ]}
      >
        {calls.map((one) => (
          <tr data-row="" tabindex={-1}>
            <th scope="row">
              {one.number || "withheld"} <span class="dim">{one.call}</span>
            </th>
            <td data-label="Attendee ID">{one.attendeeId ? <bdi>{one.attendeeId}</bdi> : <None />}</td>
            <td data-label="Direction">{one.direction}</td>
            <td data-label="Answered">
              {one.answeredAt === null ? <span class="dim">never</span> : <Time at={one.answeredAt} now={now} />}
            </td>
            <td data-label="Ended">
              <Time at={one.endedAt} now={now} />
            </td>
            <td data-label="Lasted">{ageOf(one.seconds * 1_000)}</td>
            <td data-label="Ended by">{endOf(one)}</td>
            <td data-label="Rooms">{one.rooms.join(", ") || <None />}</td>
            <td data-label="Mutes" class="number">
              {String(one.mutes)}
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}
