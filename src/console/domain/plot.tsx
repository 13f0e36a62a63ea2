import type { EpochMs } from "../../foundation/ids.ts";
import { shownTime } from "../../foundation/time/shown-time.ts";
import { minuteMs } from "../../foundation/time/timers.ts";
import { type ActivityMinute, minuteOf, noPosts, noRequests, together } from "../../records/activity.ts";
import { useFrame } from "../parts.tsx";

const minutesShown = 60;
const barWidth = 10;
const height = 100;
/** Keeps one post among hundreds visible. */
const leastHeight = 3;

type Minute = ReturnType<typeof hourOf>[number];

/** The last hour by minute, all TSP servers together. The current minute is the last. */
function hourOf(minutes: readonly ActivityMinute[], now: EpochMs) {
  const known = new Map(minutes.map((minute) => [minute.at, minute]));
  return Array.from({ length: minutesShown }, (_, index) => {
    const at = minuteOf(now) - (minutesShown - 1 - index) * minuteMs;
    const { requests, hosts } = known.get(at) ?? { requests: noRequests, hosts: [] };
    return { ...hosts.reduce(together, noPosts), at, requests };
  });
}

interface Plotted {
  readonly title: string;
  readonly tone: "good" | "bad";
  count(minute: Minute): number;
}

const plots: readonly Plotted[] = [
  { title: "Requests confirmed", tone: "good", count: ({ requests }) => requests.confirmed },
  { title: "Requests refused", tone: "bad", count: ({ requests }) => requests.refused },
  { title: "Posts confirmed", tone: "good", count: ({ confirmed }) => confirmed },
  { title: "Failed attempts", tone: "bad", count: ({ failed }) => failed },
  { title: "Undelivered documents", tone: "bad", count: ({ givenUp }) => givenUp },
];

/** Requests and posts of the last hour, as plots. */
export function LastHour({ minutes }: { readonly minutes: readonly ActivityMinute[] }) {
  const hour = hourOf(minutes, useFrame().now);
  return (
    <div class="plots">
      {plots.map((plot) => (
        <Plot {...plot} hour={hour} />
      ))}
    </div>
  );
}

/** One bar for each minute, and a text with sum, peak and last full minute. */
function Plot({ title, hour, tone, count }: Plotted & { readonly hour: readonly Minute[] }) {
  const { timeZone } = useFrame();
  const clockOf = (minute?: Minute) => shownTime(minute?.at ?? 0, timeZone).minute;
  const counts = hour.map(count);
  const most = Math.max(...counts);
  const sum = counts.reduce((before, one) => before + one, 0);
  const peak = `; peak ${most}/min at ${clockOf(hour[counts.indexOf(most)])}; last full minute ${counts.at(-2) ?? 0}`;
  const says = `Total ${sum}${most > 0 ? peak : ""}`;
  return (
    <figure class="card plot">
      <figcaption>
        <h3>{title}</h3>
        <p class="small dim">{says}</p>
      </figcaption>
      <svg
        class={tone}
        role="img"
        aria-label={`${title}: ${says}`}
        viewBox={`0 0 ${minutesShown * barWidth} ${height}`}
        preserveAspectRatio="none"
      >
        {counts.map((one, index) => {
          const tall = Math.max(leastHeight, Math.round((one / most) * height));
          return one === 0 ? null : (
            <rect x={index * barWidth + 1} y={height - tall} width={barWidth - 2} height={tall}>
              <title>{`${clockOf(hour[index])}: ${one}`}</title>
            </rect>
          );
        })}
      </svg>
      <p class="line small dim" aria-hidden="true">
        <span>{clockOf(hour[0])}</span>
        <span class="end">{clockOf(hour.at(-1))}</span>
      </p>
    </figure>
  );
}
