import type { Child } from "hono/jsx";
import type { EpochMs } from "../foundation/ids.ts";
import { ageOf } from "./browser/age.js";

/** A time of day in UTC with its seconds; behind the date where it is not today's. */
export function Time({ at, now }: { readonly at: EpochMs; readonly now: EpochMs }) {
  const iso = new Date(at).toISOString();
  const isToday = iso.slice(0, 10) === new Date(now).toISOString().slice(0, 10);
  const clock = iso.slice(11, 19);
  return (
    <time datetime={iso} title={`${iso.slice(0, 10)} ${clock} UTC`}>
      {isToday ? clock : `${iso.slice(0, 10)} ${clock}`}
    </time>
  );
}

/** How long ago that was, in words; the browser counts on. */
export function Age({ since, now }: { readonly since: EpochMs; readonly now: EpochMs }) {
  const iso = new Date(since).toISOString();
  return (
    <time datetime={iso} title={`since ${iso.slice(0, 19).replace("T", " ")} UTC`} data-age="">
      {ageOf(now - since)}
    </time>
  );
}

/** To whom something is posted. */
export function hostText(host: string): string {
  return host === "*back-end" ? "the partner's back end" : host;
}

/** A mean, which is not exact to the millisecond. */
export function millisecondsText(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** How something is, in a word or two. */
export function Mark({ is, children }: { readonly is: "good" | "warn" | "bad" | "plain"; readonly children: Child }) {
  return <span class={`mark ${is}`}>{children}</span>;
}

/** A sentence that people should not miss. */
export function Notice({ is, children }: { readonly is: "warn" | "bad" | "plain"; readonly children: Child }) {
  return <p class={`notice ${is}`}>{children}</p>;
}

/** A sentence; what stands between backticks is for a shell. */
export function Words({ of }: { readonly of: string }) {
  return <>{of.split("`").map((text, index) => (index % 2 === 1 ? <code>{text}</code> : text))}</>;
}

/** What something is, under its name. */
export function Fact({ name, children }: { readonly name: string; readonly children?: Child }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

interface TableProps {
  /** Of each column; that of figures stands to the right. Empty: a column of buttons. */
  readonly heads: readonly (string | { readonly number: string })[];
  /** What the style knows it by, where it is like no other. */
  readonly kind?: string;
  /** Its rows. */
  readonly children?: Child;
}

/** A list in columns; on a narrow screen its cells say by `data-label` what they are. */
export function Table({ heads, kind, children }: TableProps) {
  return (
    <div class="table">
      <table {...(kind !== undefined && { class: kind })}>
        <thead>
          <tr>
            {heads.map((head) =>
              head === "" ? (
                <td />
              ) : typeof head === "string" ? (
                <th scope="col">{head}</th>
              ) : (
                <th scope="col" class="number">
                  {head.number}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** In place of a list that has nothing: what would stand here, and what to do. */
export function Empty({ title, children }: { readonly title: string; readonly children: Child }) {
  return (
    <div class="empty">
      <p class="what">{title}</p>
      <p>{children}</p>
    </div>
  );
}

/** In a cell that has nothing. */
export function None() {
  return <span class="dim">none</span>;
}
