import type { EpochMs } from "../foundation/ids.ts";
import { type ActivityMinute, minuteMs, minuteOf, noPosts, together } from "../records/activity.ts";
import { millisecondsText, Table } from "./parts.tsx";

/** One minute, all TSP servers together. */
export interface Minute {
  readonly at: EpochMs;
  readonly confirmed: number;
  readonly failed: number;
  readonly givenUp: number;
  readonly tookMs: number;
}

const minutesShown = 60;
const barWidth = 10;
const height = 100;
/** One post among hundreds is still seen. */
const leastHeight = 3;

/** The last hour minute by minute, the one that goes on now is the last. */
export function hourOf(minutes: readonly ActivityMinute[], now: EpochMs): readonly Minute[] {
  const known = new Map(minutes.map(({ at, hosts }) => [at, hosts]));
  return Array.from({ length: minutesShown }, (_, index) => {
    const at = minuteOf(now) - (minutesShown - 1 - index) * minuteMs;
    const { confirmed, failed, givenUp, tookMs } = (known.get(at) ?? []).reduce(together, noPosts);
    return { at, confirmed, failed, givenUp, tookMs };
  });
}

interface PlotProps {
  readonly title: string;
  readonly hour: readonly Minute[];
  readonly is: "good" | "bad";
  count(minute: Minute): number;
}

/** One bar for each minute, and in figures the sum, the most and the last. */
export function Plot({ title, hour, is, count }: PlotProps) {
  const counts = hour.map(count);
  const most = Math.max(...counts);
  const sum = counts.reduce((before, one) => before + one, 0);
  const mostAt = hour[counts.indexOf(most)]?.at ?? 0;
  // What goes on is told late: the last whole minute is the one to look at.
  const figures = `${sum} in all${most > 0 ? `, at most ${most} a minute (${clockOf(mostAt)}), ${counts.at(-2) ?? 0} in the last whole one` : ""}`;
  return (
    <figure class="card plot">
      <figcaption>
        <h3>{title}</h3>
        <p class="small dim">{figures}</p>
      </figcaption>
      <svg
        class={is}
        role="img"
        aria-label={`${title}: ${figures}`}
        viewBox={`0 0 ${minutesShown * barWidth} ${height}`}
        preserveAspectRatio="none"
      >
        {counts.map((one, index) => {
          const tall = one === 0 ? 0 : Math.max(leastHeight, Math.round((one / most) * height));
          return tall === 0 ? null : (
            <rect x={index * barWidth + 1} y={height - tall} width={barWidth - 2} height={tall}>
              <title>{`${clockOf(hour[index]?.at ?? 0)} UTC: ${one}`}</title>
            </rect>
          );
        })}
      </svg>
      <p class="line small dim" aria-hidden="true">
        <span>{clockOf(hour[0]?.at ?? 0)}</span>
        <span class="end">{`${clockOf(hour.at(-1)?.at ?? 0)} UTC`}</span>
      </p>
    </figure>
  );
}

/** What plots show, in figures: the minutes in which there was something, the latest first. */
export function MinuteTable({ hour }: { readonly hour: readonly Minute[] }) {
  const busy = hour.filter(({ confirmed, failed, givenUp }) => confirmed + failed + givenUp > 0).reverse();
  if (busy.length === 0) return <p class="dim">Nothing was posted to WebEx in the last hour.</p>;
  return (
    <details id="minutes">
      <summary>The same in figures</summary>
      <Table
        heads={[
          "Minute (UTC)",
          ...["Confirmed", "Mean time", "Failed attempts", "Given up"].map((number) => ({ number })),
        ]}
      >
        {busy.map(({ at, confirmed, failed, givenUp, tookMs }) => (
          <tr>
            <th scope="row">
              <time datetime={new Date(at).toISOString()}>{clockOf(at)}</time>
            </th>
            <td data-label="Confirmed" class="number">
              {confirmed}
            </td>
            <td data-label="Mean time" class="number">
              {confirmed > 0 && millisecondsText(tookMs / confirmed)}
            </td>
            <td data-label="Failed attempts" class="number">
              {failed}
            </td>
            <td data-label="Given up" class="number">
              {givenUp}
            </td>
          </tr>
        ))}
      </Table>
    </details>
  );
}

function clockOf(at: EpochMs): string {
  return new Date(at).toISOString().slice(11, 16);
}
